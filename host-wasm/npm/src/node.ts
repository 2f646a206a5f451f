import { fault, type FaissilError } from './error.js'
import { said, type Source } from './source.js'

/** A file on disk, by its path; in Node and whatever has `node:fs`. */
export async function fileSource(path: string | URL): Promise<Source> {
  // Written so that bundlers for pages do not look for it.
  const name = 'node:fs/promises'
  const fs = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as typeof import('node:fs/promises')
  const spoken = typeof path === 'string' ? path : decodeURIComponent(path.pathname)
  const failed = (error: unknown): FaissilError => {
    const missing = (error as { code?: string }).code === 'ENOENT'
    return fault('read', missing ? `no such file: ${spoken}` : `${spoken} cannot be read: ${said(error)}`, error)
  }
  const handle = await fs.open(path, 'r').catch((error: unknown) => {
    throw failed(error)
  })
  const stat = await handle.stat()
  if (!stat.isFile()) {
    await handle.close()
    throw fault('read', `${spoken} is no file`)
  }
  return {
    size: stat.size,
    name: spoken,
    async read(offset, length) {
      const out = new Uint8Array(length)
      try {
        const { bytesRead } = await handle.read(out, 0, length, offset)
        if (bytesRead === 0) throw fault('changed', `${spoken} is shorter than it was when it was opened: open it again`)
        return out.subarray(0, bytesRead)
      } catch (error) {
        throw (error as Error).name === 'FaissilError' ? error : failed(error)
      }
    },
    close: () => void handle.close(),
  }
}
