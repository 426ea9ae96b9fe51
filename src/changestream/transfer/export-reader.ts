import avro, { type Schema } from 'avsc'
import { reasonOf } from '../../runtime/errors.ts'
import { blockAt, type Header, parseHeader } from '../embedded/container.ts'
import { blockReaderOf, type ExportedBlock, type ReadBlock } from './exported-block.ts'

/** No block that was ever written comes near it: what says so is damaged, and is not waited for. */
const LARGEST_BLOCK_BYTES = 64 << 20
const LARGEST_HEADER_BYTES = 1 << 20
const MAGIC_BYTES = 4

/**
 * The records of an export in their order, by whatever version it was written. Resolves once its header is read.
 * @throws Error that says in a few words why this is no export, or where it is damaged or cut short.
 */
export async function openExport(chunks: AsyncIterable<Uint8Array>): Promise<AsyncIterable<ExportedBlock>> {
  const input = new Input(chunks)
  const header = await headerOf(input)
  return blocksOf(input, header, blockReaderOf(schemaIn(input.held)))
}

async function headerOf(input: Input): Promise<Header> {
  for (;;) {
    try {
      return parseHeader(input.held)
    } catch (error) {
      const isTooLong = input.held.length > LARGEST_HEADER_BYTES
      if (isTooLong || !(await input.more())) throw new Error(`no export: ${reasonOf(error)}`, { cause: error })
    }
  }
}

const metaType = avro.Type.forSchema({ type: 'map', values: 'bytes' })

/** `parseHeader` has walked these bytes. */
function schemaIn(header: Buffer): Schema {
  const { value } = metaType.decode(header, MAGIC_BYTES) as { value: Readonly<Record<string, Buffer>> }
  return JSON.parse(value['avro.schema']?.toString() ?? 'null') as Schema
}

async function* blocksOf(input: Input, header: Header, read: ReadBlock): AsyncGenerator<ExportedBlock> {
  input.pass(header.bytes)
  for (;;) {
    const block = blockAt(input.held, 0, header.sync)
    if (block.kind === 'whole') {
      yield read(header.unpack(block.data), block.count)
      input.pass(block.next)
      continue
    }
    if (block.kind === 'broken') throw new Error(`${block.reason} at byte ${input.position}`)
    if (block.wanted > LARGEST_BLOCK_BYTES)
      throw new Error(`a block of ${block.wanted} bytes at byte ${input.position}`)
    if (await input.more()) continue
    if (input.held.length > 0) throw new Error(`it is cut short within the block at byte ${input.position}`)
    return
  }
}

/** Bytes as they come, of which the ones that were passed are let go of. */
class Input {
  held: Buffer = Buffer.alloc(0)
  position = 0
  private readonly chunks: AsyncIterator<Uint8Array>

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.chunks = chunks[Symbol.asyncIterator]()
  }

  /** False where the input has ended. */
  async more(): Promise<boolean> {
    const { done, value } = await this.chunks.next()
    if (done) return false
    this.held = Buffer.concat([this.held, value])
    return true
  }

  pass(bytes: number): void {
    this.held = this.held.subarray(bytes)
    this.position += bytes
  }
}
