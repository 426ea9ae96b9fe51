import { Command, Option } from 'commander'
import type { CommandParts, PlaceFlags } from './changes-cli.ts'
import { threadPoolSize } from './running-cli.ts'

type TimeFlags = { readonly at?: string; readonly from?: string; readonly to?: string; readonly asOf?: string }
type ListFlags = PlaceFlags & TimeFlags & { readonly domain?: string; readonly limit?: number; readonly json?: boolean }

/** Of `--as-of`, wherever it stands. */
export const AS_OF = 'by what was known then, for post-mortems; "now" and "ago" in the question are then'

/** `whohad history`. */
export const historyCommand = ({ withAnswerers, settingsOf, askedPlaceOf, time, wholeNumber }: CommandParts): Command =>
  withAnswerers(new Command('history'))
    .description('who had an address, one after the other, and the claims that say so')
    .argument('<address...>', 'ADDRESS [in DOMAIN]')
    .option('--from <time>', 'from then on (default: the beginning of what is known)', time)
    .option('--to <time>', 'until before then (default: now)', time)
    .option('--as-of <time>', AS_OF, time)
    .option('--limit <n>', 'most claims, the newest ones (default: 100; at most 1000)', wholeNumber)
    .option('--json', 'one JSON object, also on a terminal')
    .addHelpText('after', HISTORY_HELP)
    .action(async (words: string[], _options: unknown, command: Command) => {
      const flags = command.optsWithGlobals<ListFlags>()
      const { from, to, asOf, limit, json = false } = flags
      const { history } = await import('./history-command.ts')
      const options = { ...askedPlaceOf(flags), from, to, asOf, limit, json }
      process.exitCode = await history(words.join(' '), await settingsOf(flags), options)
    })

/** `whohad apps`. */
export const appsCommand = ({ withAnswerers, settingsOf, askedPlaceOf, time, wholeNumber }: CommandParts): Command =>
  withAnswerers(new Command('apps'))
    .description('which addresses an application had, or may have had')
    .argument('<app>', 'name of the application')
    .option('--at <time>', 'at this time (default: now)', time)
    .option('--from <time>', 'or over a span, from then on', time)
    .option('--to <time>', 'and until before then (default: now)', time)
    .option('--domain <domain>', 'only in this routing domain')
    .option('--limit <n>', 'most addresses (default: all)', wholeNumber)
    .option('--json', 'one JSON object an address, also on a terminal')
    .addHelpText('after', APPS_HELP)
    .action(async (app: string, _options: unknown, command: Command) => {
      const flags = command.optsWithGlobals<ListFlags>()
      const { at, from, to, domain, limit, json = false } = flags
      const { appAddresses } = await import('./apps-command.ts')
      const options = { ...askedPlaceOf(flags), at, from, to, domain, limit, json }
      process.exitCode = await appAddresses(app, await settingsOf(flags), options)
    })

/** `whohad explain`. */
export const explainCommand = ({ withAnswerers, settingsOf, askedPlaceOf, time }: CommandParts): Command =>
  withAnswerers(new Command('explain'))
    .description('why an answer is what it is: the claims that compete, the polls around the time, the rule')
    .argument('<question...>', 'ADDRESS [@ TIME] [in DOMAIN]')
    .option('--as-of <time>', AS_OF, time)
    .option('--json', 'one JSON object, also on a terminal')
    .addHelpText('after', EXPLAIN_HELP)
    .action(async (words: string[], _options: unknown, command: Command) => {
      const flags = command.optsWithGlobals<PlaceFlags & { asOf?: string; json?: boolean }>()
      const { explainAnswer } = await import('./explain-command.ts')
      const { asOf, json = false } = flags
      const options = { ...askedPlaceOf(flags), asOf, json }
      process.exitCode = await explainAnswer(words.join(' '), await settingsOf(flags), options)
    })

type GraphFlags = ListFlags & {
  readonly by?: string
  readonly direction?: string
  readonly collapse?: boolean
  readonly format?: 'json' | 'csv' | 'dot' | 'mermaid'
}

/** `whohad graph`. */
export const graphCommand = ({ withAnswerers, settingsOf, askedPlaceOf, time, wholeNumber }: CommandParts): Command =>
  withAnswerers(new Command('graph'))
    .description('who sends to whom, from the flow logs that were attributed')
    .option('--at <time>', 'in the minute that holds this time', time)
    .option('--from <time>', 'or over a span, from then on (default: an hour ago)', time)
    .option('--to <time>', 'and until before then (default: now)', time)
    .addOption(
      new Option('--by <what>', 'what a node is (default: app)').choices(['app', 'cluster', 'account', 'zone']),
    )
    .addOption(
      new Option('--direction <direction>', 'only records of who received, or sent').choices(['ingress', 'egress']),
    )
    .option('--collapse', 'join those on both sides of NAT gateways and load balancers')
    .option('--limit <n>', 'most edges, those with the most bytes (default: 1000; at most 10000)', wholeNumber)
    .addOption(new Option('--format <form>', 'the whole graph as').choices(['json', 'csv', 'dot', 'mermaid']))
    .option('--json', 'one JSON object an edge, also on a terminal')
    .addHelpText('after', GRAPH_HELP)
    .action(async (_options: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GraphFlags>()
      const { collapse = false, json = false } = flags
      const { graph } = await import('./graph-command.ts')
      const options = { ...flags, ...askedPlaceOf(flags), collapse, json, threadPoolSize: threadPoolSize() }
      process.exitCode = await graph(await settingsOf(flags), options)
    })

const HISTORY_HELP = `
Examples:
  whohad history 10.0.3.7 in prod
  whohad history 10.0.3.7 in prod --from 2026-11-20T00:00Z --to 2026-11-21T00:00Z
  whohad history 52.11.120.97 --url http://127.0.0.1:7788 --json | jq .life.parts
  whohad history 10.0.3.7 in prod --as-of 2026-11-20T14:20Z     what was known of it then
  whohad history 10.0.3.7 in prod --claims owners

Exit codes: 0 done; 1 failure; 2 usage; 4 something unreachable; 5 more is known than was shown.`

const APPS_HELP = `
A line a claim: blocks, and claims about some ports only, have no answer of their own.

Examples:
  whohad apps checkout
  whohad apps checkout --at 2026-11-20T14:05Z --domain prod
  whohad apps checkout --from "1 day ago" | jq -r 'select(.owned) | .claim.prefix'

Exit codes: 0 it surely had an address; 1 failure; 2 usage; 3 none for sure; 4 something unreachable; 5 --limit left some out.`

const EXPLAIN_HELP = `
Examples:
  whohad explain 10.0.3.7 at 2026-11-20T14:05Z in prod
  whohad explain "52.11.120.97 @ 1495670748 in inet.0" --json | jq -r '.words[]'
  whohad explain 10.0.3.7 5 min ago in prod --url http://127.0.0.1:7788
  whohad explain 10.0.3.7 at 2026-11-20T14:05Z in prod --as-of 2026-11-20T14:06Z     why it was answered so then

Exit codes: 0 owned or external; 1 failure; 2 usage; 3 answered but not owned; 4 something unreachable.`

const GRAPH_HELP = `
Read from the store, which has one user at a time: beside a running "whohad up" ask that with --url.

Examples:
  whohad graph --from "1 hour ago"
  whohad graph --by account --url http://127.0.0.1:7788
  whohad graph --collapse --format dot | dot -Tsvg > graph.svg

Exit codes: 0 done; 1 failure; 2 usage; 4 something unreachable; 5 there are more edges than --limit lets through.`
