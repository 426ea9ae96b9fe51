// whohad from its sources, as bin/whohad.cjs starts it from what was compiled.
import { main } from '../../src/cli/main.ts'

await main(process.argv)
