import type { Verdict } from '../../ownership/answer.ts'

/** Why a verdict is what it is, in words that hold for every answer with this reason. */
export const RULES: Readonly<Record<Verdict['reason'], string>> = {
  sighted:
    'One owner is certain over the whole time and nobody else is possible: complete polls before and after it show the owner, with the bounds that the source declares.',
  'authoritative-time':
    'One owner is certain over the whole time: the inventory itself states when the holding began or ended, with a known clock error.',
  'flow-sighting':
    'One owner is certain over the whole time: the interface was seen sending and receiving under this address in flow logs, in addition to the polls.',
  bridged:
    'One owner is certain over the whole time: a complete poll did not show the holding, but it went on under the same lifetime id, which is never given to another one.',
  handoff:
    'One owner left and another came between two polls. Between the last sighting of the one and the first of the other either may have had the address, and so may nobody.',
  head: 'The holding began between a complete poll without it and the first poll that shows it. Within that time nobody can say whether it had begun.',
  tail: 'The holding ended between the last poll that shows it and a complete poll without it. Within that time nobody can say whether it had ended.',
  'shared-address': 'Several owners hold the address at the same time, and the address alone does not tell them apart.',
  'conflicting-sources':
    'Two sources are certain of different owners for the same time, address and layer. Both are shown; none is believed over the other.',
  'spans-handoff': 'The time that was asked about reaches over a change of owner. Its parts tell who had it when.',
  'interface-level': 'Only the interface is certain; who behind it used the address is not.',
  'absent-in-complete-polls': 'The address is managed, and complete polls around the time do not show anybody on it.',
  'before-coverage': 'No source that watches the address had completed a poll yet at that time.',
  'source-stale': 'A source that has to be heard about the address was silent, or its polls stood too far apart.',
  'not-yet': 'The time is later than the last complete poll. The next one will tell.',
  expired: 'The time lies below the horizon of the routing domain: its history is not kept that far back.',
  'no-such-domain': 'No source knows this routing domain.',
  'unmanaged-prefix': 'No source covers the address at that time.',
  internet: 'Complete inventories do not hold the address, and it is public: it belongs to the internet at large.',
  'aws-service':
    'Complete inventories do not hold the address, and AWS publishes it as a range of one of its services.',
}
