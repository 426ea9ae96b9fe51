import { Command } from 'commander'
import type { CommandParts } from './changes-cli.ts'

type ExportFlags = { readonly config?: string; readonly data?: string; readonly out: string }

/** `whohad claims export`. */
export function claimsCommand(parts: CommandParts): Command {
  const claims = new Command('claims')
    .description('what is known of owners: the claims that answers are made of')
    .addHelpText('after', EXPORT_HELP)
  claims.addCommand(exportCommand(parts))
  for (const command of claims.commands) command.exitOverride().showHelpAfterError()
  return claims
}

const exportCommand = ({ withPlaces, settingsOf, untilStopped }: CommandParts): Command =>
  withPlaces(new Command('export'))
    .description('write the ownership bundle: Parquet that answers anywhere, also in DuckDB, Athena and Spark')
    .requiredOption('--out <folder>', 'a folder that is not there yet')
    .addHelpText('after', EXPORT_HELP)
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ExportFlags>()
      const { exportClaims } = await import('./claims-command.ts')
      process.exitCode = await exportClaims(await settingsOf(options), { out: options.out, signal: untilStopped() })
    })

const EXPORT_HELP = `
The bundle has what is known now, each claim once. To move or keep the history of how it came to be known, record by
record, use "whohad changes export".

Example:
  whohad claims export --out owners
  duckdb -c "SELECT application, count(*) FROM 'owners/claims.parquet' GROUP BY ALL"

Exit codes: 0 done; 1 failure, or stopped; 2 usage, or the folder is there; 4 the brokers are unreachable.`
