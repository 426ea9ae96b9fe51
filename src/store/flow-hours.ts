import type { Executor } from './executor.ts'
import { HOUR_END_COLUMNS } from './native-tables.ts'
import type { FlowObject } from './port.ts'

const KEYS = [
  'action',
  'direction',
  ...['src', 'dst'].flatMap(side => HOUR_END_COLUMNS.map(column => `${side}_${column}`)),
].join(', ')

/**
 * Groups are distinct: the engine need not look for rows that are there twice. What `annotate` stores comes with the same sums
 * (src/enricher/sinks/flow-hours.ts): a property test holds the two together.
 */
const ADD_UP = `
  INSERT INTO flow_hours (object_id, generation, hour_seconds, ${KEYS}, flows, bytes, packets)
  SETTINGS optimize_on_insert = 0
  SELECT object_id, generation, start_seconds - positiveModulo(start_seconds, 3600) AS hour_seconds, ${KEYS},
    count() AS flows, sum(flow.bytes) AS bytes, sum(flow.packets) AS packets
  FROM flows AS flow FINAL
  WHERE object_id IN {object_ids:Array(String)} AND (object_id, generation) IN
    (SELECT pair.1, pair.2 FROM (SELECT arrayJoin(arrayZip({object_ids:Array(String)}, {generations:Array(Int64)})) AS pair))
  GROUP BY object_id, generation, hour_seconds, ${KEYS}`

/** Committed generations whose hours are not there: they were written by a whohad that knew none. */
const WITHOUT_HOURS = `
  SELECT object_id, max(generation) AS generation FROM objects
  WHERE state = 'committed' AND records > 0 AND object_id > {after:String}
  GROUP BY object_id HAVING (object_id, generation) NOT IN (SELECT object_id, generation FROM flow_hours)
  ORDER BY object_id LIMIT {most:Int64}`

const AT_A_TIME = 200

type Generation = Pick<FlowObject, 'objectId' | 'generation'>

/**
 * Adds up what is in `flows` of these generations, by hour. All of it must be there, and must not change any more; repeating it
 * leaves the same rows.
 */
export async function addUpHours(executor: Executor, generations: readonly Generation[]): Promise<void> {
  for (let from = 0; from < generations.length; from += AT_A_TIME) {
    const part = generations.slice(from, from + AT_A_TIME)
    await executor.define(ADD_UP, {
      object_ids: part.map(({ objectId }) => objectId),
      generations: part.map(({ generation }) => generation),
    })
  }
}

/** The same for whatever was committed without. */
export async function addUpMissingHours(executor: Executor): Promise<void> {
  for (let after = ''; ; ) {
    const rows = await executor.rows<{ object_id: string; generation: string }>(WITHOUT_HOURS, {
      after,
      most: AT_A_TIME,
    })
    await addUpHours(
      executor,
      rows.map(row => ({ objectId: row.object_id, generation: Number(row.generation) })),
    )
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.object_id
  }
}
