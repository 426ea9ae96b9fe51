import { describe, expect, test } from 'vitest'
import { complaintsAboutNaming } from '../../src/cli/naming-settings.ts'
import { loadSettings } from '../../src/cli/settings.ts'

const complaints = (...rules: Parameters<typeof complaintsAboutNaming>[0]['rules']) => [
  ...complaintsAboutNaming({ rules, teamTags: [] }),
]

describe('naming rules', () => {
  test('of every kind that can be followed', () => {
    expect(
      complaints(
        { rule: 'tag', keys: ['app'] },
        { rule: 'asg-frigga' },
        { rule: 'description' },
        { rule: 'description', pattern: '^RDS', application: 'databases' },
        { rule: 'description', pattern: '^ELB (\\w+)/(\\w+)', application: '$2-$1' },
        { rule: 'description', pattern: '^svc (?<name>.+)$' },
      ),
    ).toEqual([])
  })

  test.each([
    [{ pattern: '(' }, 'naming.rules.0.pattern: "(" is no regular expression'],
    [{ pattern: '^RDS' }, 'naming.rules.0.application: "$1" asks for more than the 0 groups of "^RDS"'],
    [
      { pattern: '^(?:a|b) (.)', application: '$1-$2' },
      'naming.rules.0.application: "$1-$2" asks for more than the 1 groups of "^(?:a|b) (.)"',
    ],
    [{ application: 'x' }, 'naming.rules.0.application has no effect without naming.rules.0.pattern'],
  ])('that cannot: %j', (part, complaint) => {
    expect(complaints({ rule: 'description', ...part })).toEqual([complaint])
    const overrides = { naming: { rules: [{ rule: 'description', ...part }] } }
    expect(() => loadSettings({}, { overrides })).toThrow(complaint)
  })
})
