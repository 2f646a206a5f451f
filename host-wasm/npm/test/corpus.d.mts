export function corpus(): { folder: string; files: string[] }
export function sideOf(path: string): string | undefined
export function plain(value: unknown): unknown
