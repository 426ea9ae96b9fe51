import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core'
import { requireService } from './services.ts'

const EXECUTABLE = process.env['WHOHAD_TEST_CHROMIUM'] ?? '/usr/bin/chromium'

// Nothing of the browser's own may reach for the network.
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const hasChromium = (): boolean =>
  requireService(
    'Chromium',
    existsSync(EXECUTABLE),
    'install it with "apt-get install chromium", or set WHOHAD_TEST_CHROMIUM to its path',
  )

/** A browser with a profile of its own, which goes with it. */
export async function openBrowser(
  options: Pick<BrowserContextOptions, 'viewport' | 'colorScheme'> = {},
): Promise<{ context: BrowserContext; close: () => Promise<void> }> {
  const profile = await mkdtemp(join(tmpdir(), 'whohad-chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: EXECUTABLE,
    args: ARGS,
    headless: true,
    ...options,
  })
  return {
    context,
    async close() {
      await context.close()
      await rm(profile, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}
