import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** Each engine on its own, one after another: neither another's memory nor its threads disturb. Its progress goes to our stderr. */
export async function inChild<Task, Result>(file: string, task: Task): Promise<Result> {
  const loader = new URL('../typescript.mjs', import.meta.url).href
  const args = ['--max-old-space-size=4096', '--import', loader, join(import.meta.dirname, file), JSON.stringify(task)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said, [code, signal]] = await Promise.all([text(child.stdout), once(child, 'close')])
  if (code !== 0) throw new Error(`${file} ended with ${code ?? signal}`)
  return JSON.parse(said.trim().split('\n').at(-1) ?? '') as Result
}

/** The other side of `inChild`. */
export async function answerTask<Task, Result>(run: (task: Task) => Promise<Result>): Promise<void> {
  console.log(JSON.stringify(await run(JSON.parse(process.argv[2] ?? '') as Task)))
}
