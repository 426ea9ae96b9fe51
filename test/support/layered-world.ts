import fc from 'fast-check'
import type { Layer } from '../../src/ownership/claim.ts'

/** Who has an address, layer by layer: an interface, an instance through it, and tasks that need not know of either. */
export type Kind = 'plain' | 'host' | 'branch'
export type Place = { readonly address: string; readonly prefix: string; readonly kind: Kind }

/** The branch interface holds a delegated block, so its containers are on a longer prefix than it is. */
export const PLACES: readonly Place[] = [
  { address: '10.0.0.1', prefix: '10.0.0.1', kind: 'plain' },
  { address: '10.0.0.2', prefix: '10.0.0.2', kind: 'host' },
  { address: '10.0.0.17', prefix: '10.0.0.16/28', kind: 'branch' },
]

export const EXPECTED: Readonly<Record<Kind, readonly Layer[]>> = {
  plain: ['instance'],
  host: ['instance', 'container'],
  branch: ['container'],
}

/** No task and no attachment is briefer; no address without a lifetime id is back sooner than the bridge. */
export const BRIEFEST_MS = 260
export const BRIDGE_MS = 120

type Span = { readonly fromMs: number; readonly untilMs: number }
export type Name = { readonly fromMs: number; readonly application: string | null }
export type Instance = { readonly id: string; readonly names: readonly Name[]; readonly losesTags: boolean }
export type Attachment = Span & {
  readonly instance: Instance
  readonly lifetimeId: string | null
  /** From here on the instance is listed as shutting down. */
  readonly endingAtMs: number
}
export type Interface = Span & { readonly id: string }
export type Task = Span & {
  readonly id: string
  readonly application: string
  /** The first listings have no name yet. */
  readonly namedAtMs: number
  readonly away: Span
  readonly killedAtMs: number
  /** Listed as ending until here, after the address has gone to somebody else. */
  readonly listedUntilMs: number
}
export type Life = Place & {
  readonly interfaces: readonly Interface[]
  readonly attachments: readonly Attachment[]
  readonly tasks: readonly Task[]
}

const gap = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 90 }), fc.integer({ min: 130, max: 500 }))
const held = fc.integer({ min: BRIEFEST_MS, max: 900 })
const share = fc.double({ min: 0, max: 1, noNaN: true })
const oneIn = (n: number) => fc.integer({ min: 1, max: n }).map(drawn => drawn === n)

const interfaceSteps = fc.array(fc.record({ gap, held: fc.integer({ min: 900, max: 2500 }) }), {
  minLength: 1,
  maxLength: 3,
})
const attachmentSteps = fc.array(
  fc.record({
    gap,
    held,
    again: fc.boolean(),
    hasLifetimeId: fc.boolean(),
    losesTags: oneIn(4),
    unnamedForMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 150 })),
    // 'a' 'b' 'a': names may come back.
    names: fc.array(fc.record({ name: fc.constantFrom('a', 'b'), forMs: fc.integer({ min: 60, max: 300 }) }), {
      maxLength: 4,
    }),
    ending: share,
  }),
  { minLength: 2, maxLength: 6 },
)
const taskSteps = fc.array(
  fc.record({
    gap,
    held,
    killed: fc.double({ min: 0.4, max: 1, noNaN: true }),
    away: share,
    named: fc.integer({ min: -60, max: 60 }),
    lingers: gap,
  }),
  { minLength: 2, maxLength: 6 },
)

export const lives: fc.Arbitrary<readonly Life[]> = fc
  .tuple(
    ...PLACES.map(place =>
      fc.record({ interfaces: interfaceSteps, attachments: attachmentSteps, tasks: taskSteps }).map(
        (steps): Life => ({
          ...place,
          interfaces: follow(steps.interfaces, ({ span, i }) => ({ ...span, id: `eni-${place.address}-${i}` })),
          attachments: place.kind === 'branch' ? [] : attachmentsOf(place, steps.attachments),
          tasks: place.kind === 'plain' ? [] : tasksOf(place, steps.tasks),
        }),
      ),
    ),
  )
  .map(list => list)

type Step = { readonly gap: number; readonly held: number }

function follow<S extends Step, T>(
  steps: readonly S[],
  make: (at: { readonly step: S; readonly span: Span; readonly i: number; readonly last: T | undefined }) => T,
): readonly T[] {
  const made: T[] = []
  let nowMs = 0
  for (const [i, step] of steps.entries()) {
    const fromMs = nowMs + step.gap
    nowMs = fromMs + step.held
    made.push(make({ step, span: { fromMs, untilMs: nowMs }, i, last: made.at(-1) }))
  }
  return made
}

type AttachmentStep = typeof attachmentSteps extends fc.Arbitrary<(infer S)[]> ? S : never

const attachmentsOf = ({ address }: Place, steps: readonly AttachmentStep[]): readonly Attachment[] =>
  follow<AttachmentStep, Attachment>(steps, ({ step, span, i, last }) => {
    const returns = step.again && last !== undefined && last.lifetimeId === null && step.gap > BRIDGE_MS
    const hasLifetimeId = returns ? false : step.hasLifetimeId
    const instance = returns ? last.instance : instanceOf(`i-${address}-${i}`, span.fromMs, step)
    const endingAtMs = span.untilMs - Math.floor(step.ending * 80)
    return { ...span, instance, lifetimeId: hasLifetimeId ? `${address}/attach-${i}` : null, endingAtMs }
  })

function instanceOf(id: string, fromMs: number, { names, unnamedForMs, losesTags }: AttachmentStep): Instance {
  const given: Name[] = unnamedForMs > 0 || names.length === 0 ? [{ fromMs, application: null }] : []
  let nowMs = fromMs + unnamedForMs
  for (const { name, forMs } of losesTags ? names.slice(0, 1) : names) {
    if (given.at(-1)?.application !== name) given.push({ fromMs: nowMs, application: name })
    nowMs += forMs
  }
  return { id, names: given, losesTags }
}

type TaskStep = typeof taskSteps extends fc.Arbitrary<(infer S)[]> ? S : never

const tasksOf = ({ address }: Place, steps: readonly TaskStep[]): readonly Task[] =>
  follow<TaskStep, Task>(steps, ({ step, span, i }) => {
    const killedAtMs = span.fromMs + Math.ceil(step.killed * step.held)
    const awayAtMs = span.fromMs + Math.floor(step.away * step.held)
    return {
      ...span,
      id: `task-${address}-${i}`,
      application: `video-${i}`,
      namedAtMs: span.fromMs + step.named,
      away: { fromMs: awayAtMs, untilMs: awayAtMs + 30 },
      killedAtMs,
      listedUntilMs: span.untilMs + step.lingers,
    }
  })

export const isAt = ({ fromMs, untilMs }: Span, atMs: number): boolean => fromMs <= atMs && atMs < untilMs

/** What the tags say at an instant; undefined before the instance is there. */
export const nameAt = ({ names }: Instance, atMs: number): Name | undefined =>
  names.findLast(name => name.fromMs <= atMs) ?? names[0]

export type Truth = { readonly layer: Layer; readonly resourceId: string; readonly application: string | null }

/** Who really has the address: the highest layer that is there. A name that came late was true all along (rule 6). */
export function truthAt(life: Life, atMs: number): Truth | undefined {
  const task = life.tasks.find(one => isAt(one, atMs))
  if (task) return { layer: 'container', resourceId: task.id, application: task.application }
  const attachment = life.attachments.find(one => isAt(one, atMs))
  if (attachment) {
    const { id, names } = attachment.instance
    const named =
      nameAt(attachment.instance, atMs)?.application ?? names.find(name => name.application !== null)?.application
    return { layer: 'instance', resourceId: id, application: named ?? null }
  }
  const eni = life.interfaces.find(one => isAt(one, atMs))
  return eni && { layer: 'interface', resourceId: eni.id, application: null }
}

/** Every instant at which the truth may change, or a listing of it. */
export const turningPoints = (life: Life): readonly number[] => [
  ...new Set([
    ...life.interfaces.flatMap(one => [one.fromMs, one.untilMs]),
    ...life.attachments.flatMap(one => [one.fromMs, one.untilMs, ...one.instance.names.map(name => name.fromMs)]),
    ...life.tasks.flatMap(one => [one.fromMs, one.untilMs, one.killedAtMs, one.listedUntilMs]),
  ]),
]
