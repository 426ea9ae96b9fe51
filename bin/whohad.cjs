#!/usr/bin/env node
'use strict'
// libuv sizes its pool once, at its first use, and chDB's statements hold its threads: with the default of 4, four slow
// statements stop every DNS look-up and file read of the process. So this comes before anything is imported.
process.env.UV_THREADPOOL_SIZE ??= '16'
// The AWS SDK would open every run on Node 20 with seven lines about its future; README.md says it once.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'

import('../dist/cli/main.js').then(
  ({ main }) => main(process.argv),
  error => {
    const missing = error.code === 'ERR_MODULE_NOT_FOUND'
    console.error(missing ? `whohad is not built, or not installed: ${error.message}\nRun "npm start" once.` : error)
    process.exitCode = 1
  },
)
