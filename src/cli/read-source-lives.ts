import { openStream, unreadableRecords } from './change-stream.ts'
import type { Settings } from './settings.ts'
import { SourceLives } from './source-lives.ts'

/** What the change stream tells of every source up to its end, or up to where it was called off; unreadable records are said. */
export async function readSourceLives(settings: Settings, signal: AbortSignal): Promise<SourceLives> {
  const stream = await openStream(settings)
  const lives = new SourceLives()
  const unreadable = unreadableRecords()
  try {
    for await (const batch of stream.read({ follow: false, signal, onDeadLetter: unreadable.take })) {
      for (const logged of batch) lives.take(logged)
    }
  } finally {
    await stream.close()
  }
  unreadable.sayAll()
  return lives
}
