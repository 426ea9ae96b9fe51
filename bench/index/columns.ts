/** A column of unsigned 32-bit numbers that worker threads can share. */
export type Column = Uint32Array<SharedArrayBuffer>

export const columnOf = (length: number): Column => new Uint32Array(new SharedArrayBuffer(length * 4))
