import { HOW_TO_GET_MOTO, prepareMoto, type RunningMoto, startMoto } from '../../scripts/moto.mjs'
import { requireService } from './services.ts'

const prepared = await prepareMoto(text => process.stderr.write(`${text}\n`))

/** Whether moto, an EC2 of other authors, can be had here; where not, its tests are skipped by name. */
export const hasMoto = requireService(
  'moto',
  prepared.way !== 'none',
  prepared.way === 'none' ? `${prepared.why}. ${HOW_TO_GET_MOTO}` : '',
)

/** One server with an empty cloud for a test file; stop it in `afterAll`. */
export function startMotoForTests(): Promise<RunningMoto> {
  if (prepared.way === 'none') throw new Error(prepared.why)
  return startMoto(prepared.folder)
}
