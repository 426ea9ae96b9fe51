import { writeFileSync } from 'node:fs'
import { colors } from './colors.ts'
import { type ConfigFault, configFaults } from './config-check.ts'
import { shownSettings } from './config-show.ts'
import { configTemplate } from './config-template.ts'
import { cliErrors } from './errors.ts'
import { EXIT } from './exit-codes.ts'
import { checkSettings } from './settings.ts'
import type { SettingsLayers } from './settings-layers.ts'
import { tableFor } from './table.ts'
import { isTerminal, print, say } from './terminal.ts'

/**
 * Prints what is wrong with the configuration, and how to mend it: for people on a terminal, one JSON object a fault
 * elsewhere. Exit code 0 where nothing is, else 2.
 */
export function checkConfig(layers: SettingsLayers, { json }: { readonly json: boolean }): number {
  const faults = configFaults(layers)
  const where = layers.file?.path ?? 'the environment and the defaults'
  const inWords = isTerminal() && !json
  for (const fault of faults) print(inWords ? faultWords(fault, layers) : JSON.stringify(fault))
  if (faults.length === 0) say(`Nothing is wrong with ${where}.`)
  return faults.length === 0 ? EXIT.done : EXIT.usage
}

function faultWords({ key, line, fault, mend }: ConfigFault, { file }: SettingsLayers): string {
  const place = line === null || file === undefined ? '' : `${file.path}:${line}: `
  const about = fault.includes(key) ? fault : `${key}: ${fault}`
  return `${place}${colors.red(about)}\n  ${mend}`
}

/**
 * Prints every key as it is in force, and where its value comes from: a table on a terminal, one JSON object a key elsewhere.
 * Exit code 0, or 2 where something is wrong with the configuration.
 */
export function showConfig(layers: SettingsLayers, { json }: { readonly json: boolean }): number {
  if (configFaults(layers).length > 0) {
    checkConfig(layers, { json })
    return EXIT.usage
  }
  const shown = shownSettings(checkSettings(layers).tree, layers)
  if (isTerminal() && !json) {
    const table = tableFor(process.stdout, ['key', 'value', 'from', 'variable'])
    for (const { key, value, from, variable } of shown) {
      table.push([key, value === null ? '' : JSON.stringify(value), from, variable ?? 'file only'])
    }
    print(table.toString())
  } else for (const setting of shown) print(JSON.stringify(setting))
  return EXIT.done
}

/** Writes a configuration file with every key; "-" is standard output. @throws WHOHAD_CONFIG_NOT_WRITTEN where it is there */
export function initConfig(file: string): number {
  if (file === '-') {
    print(configTemplate().trimEnd())
    return EXIT.done
  }
  try {
    writeFileSync(file, configTemplate(), { flag: 'wx' })
  } catch (cause) {
    const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    const reason = isThere ? 'it is there already, and nothing is replaced' : String(cause)
    throw cliErrors.configNotWritten({ path: file, reason }, cause)
  }
  say(`Wrote ${file}: every key, with its default. "whohad config check" says whether it can be used.`)
  return EXIT.done
}
