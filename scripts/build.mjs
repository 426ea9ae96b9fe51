// npm run build: install what is missing, compile src/ to dist/.
import { build, install } from './prepare.mjs'

install()
build()
