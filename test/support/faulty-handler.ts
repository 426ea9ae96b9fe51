import { setTimeout as sleep } from 'node:timers/promises'
import { enricherErrors } from '../../src/enricher/errors.ts'
import type { ObjectHandler } from '../../src/enricher/workers/handler.ts'

/** A handler that does what its task says. */
export const openHandler = ({ name }: { readonly name: string }): ObjectHandler<string, string> => ({
  async handle(task, signal) {
    if (task === 'refuse') throw enricherErrors.flowHeaderMissing({ name: task, line: '' })
    if (task === 'break') throw new TypeError('a defect')
    if (task === 'die') process.exit(7)
    if (task === 'wait') await sleep(60_000, undefined, { signal })
    return `${name} ${task}`
  },
})
