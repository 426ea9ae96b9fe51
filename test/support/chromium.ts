import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { listen } from '../../src/api/listen.ts'
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

/** An app on a socket of its own, and a page in a browser of its own. */
export type ServedPage = {
  readonly page: Page
  readonly base: string
  /** What the page complained of. */
  readonly complaints: string[]
  close(): Promise<void>
}

export async function servedPage(app: FastifyInstance): Promise<ServedPage> {
  const { url: base } = await listen(app, { host: '127.0.0.1', port: 0 })
  const browser = await openBrowser()
  const page = await browser.context.newPage()
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(error.message))
  // A status of 4xx is what the page is asked to show; all else on the console is a defect, a breach of the CSP above all.
  page.on('console', message => {
    if (message.type() === 'error' && !/status of [45]\d\d/.test(message.text())) complaints.push(message.text())
  })
  return {
    page,
    base,
    complaints,
    async close() {
      await browser.close()
      await app.close()
    },
  }
}
