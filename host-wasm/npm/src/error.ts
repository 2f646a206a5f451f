/** Why something was not done. Everything this package throws is one, but for an abort, which throws the signal's reason. */
export class FaissilError extends Error {
  override readonly name = 'FaissilError'

  /**
   * @param kind What kind of fault it is, in a word or two that do not change: those of the file format (`truncated`,
   * `damaged`, `unknown tag`, …, see docs/json.md), `refused`, and those of this package, in {@link HostFault}.
   * @param at The byte at which it shows, from the start of the file; 0 where no byte is meant.
   * @param path The part that was being read, such as `invlists.list[7]`; empty at the top.
   */
  constructor(
    readonly kind: string,
    message: string,
    readonly at = 0,
    readonly path = '',
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/**
 * The kinds of fault that are not about the bytes:
 *
 * - `no simd`: this browser has no WebAssembly SIMD
 * - `no module`: the WebAssembly module could not be fetched or started
 * - `internal`: the module stopped, which is a fault of this package
 * - `closed`: the file was closed
 * - `offline`, `unreachable`, `http`: no connection; no answer that a page may see (most often CORS); a refusal
 * - `no length`: the server does not say how long the file is
 * - `no ranges`: the server sends whole files only
 * - `wrong range`: the server sends other bytes than it was asked for
 * - `changed`: it is not the file it was when it was opened
 * - `short`: fewer bytes came than the file has
 * - `read`: the source, or the system, could not read
 */
export type HostFault =
  | 'no simd'
  | 'no module'
  | 'internal'
  | 'closed'
  | 'offline'
  | 'unreachable'
  | 'http'
  | 'no length'
  | 'no ranges'
  | 'wrong range'
  | 'changed'
  | 'short'
  | 'read'

export const fault = (kind: HostFault, message: string, cause?: unknown): FaissilError =>
  new FaissilError(kind, message, 0, '', cause === undefined ? undefined : { cause })
