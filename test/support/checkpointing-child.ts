// A child process of checkpoint-crash.test.ts. "loop": writes generation after generation to the path until it is killed. "write",
// "read": does so once, and says which error that gave. A user id makes it somebody who may do less than root.
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../../src/changestream/checkpoint/checkpoint.ts'

const [, , mode = '', path = '', userId] = process.argv

/** As large as a write that can be caught under way, and full of its generation. */
const generation = (number: number): Checkpoint => ({
  read: { positions: [number], last: [null], epochs: [] },
  image: {
    header: { generation: number },
    sections: ['a', 'b'].map(name => ({ name, bytes: new Uint8Array(new SharedArrayBuffer(12 << 20)).fill(number) })),
  },
})

async function writeForever(): Promise<never> {
  for (let number = 1; ; number++) {
    await writeCheckpoint(path, generation(number))
    process.stdout.write(`${number}\n`)
  }
}

if (userId !== undefined) process.seteuid?.(Number(userId))
try {
  if (mode === 'loop') await writeForever()
  else if (mode === 'write') await writeCheckpoint(path, generation(1))
  else await readCheckpoint(path)
  process.stdout.write('done\n')
} catch (error) {
  process.stdout.write(`${error instanceof Error && 'code' in error ? error.code : ''} ${error}\n`)
}
