import { expect, test } from 'vitest'
import { endOfTurn } from '../../src/api/turn.ts'

test('what waits for one turn goes on together, a step at a time', async () => {
  const steps: string[] = []
  const request = async (name: string) => {
    await endOfTurn()
    steps.push(`${name} answers`)
    const answer = await name
    steps.push(`${answer} writes`)
  }
  await Promise.all([request('first'), request('second'), request('third')])
  expect(steps).toEqual([
    ...['first', 'second', 'third'].map(name => `${name} answers`),
    ...['first', 'second', 'third'].map(name => `${name} writes`),
  ])
})

test('it ends after what was there to be read, and who comes meanwhile waits for the next one', async () => {
  const seen: string[] = []
  const first = endOfTurn().then(async () => {
    seen.push('end')
    await endOfTurn()
    seen.push('end of the next')
  })
  setImmediate(() => seen.push('whatever else was put off'))
  await Promise.resolve()
  seen.push('still in the turn')
  await first
  expect(seen).toEqual(['still in the turn', 'end', 'whatever else was put off', 'end of the next'])
})
