// npm run bench:<name> -- [arguments]: set up what is missing, then run bench/<name>/main.ts.
import { join } from 'node:path'
import { install, root, run } from './prepare.mjs'

install()
const [name, ...args] = process.argv.slice(2)
const loader = new URL('../bench/typescript.mjs', import.meta.url).href
run(process.execPath, ['--import', loader, join(root, 'bench', name ?? '', 'main.ts'), ...args])
