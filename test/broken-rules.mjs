// Rules that are broken on purpose, one at a time, and the test that has to fail for each (docs/testing.md,
// `npm run test:broken-rules`). `from` stands in the file exactly once.

const definition = {
  test: 'test/ownership/against-reference.property.test.ts',
  name: 'answers every question as the definition does, whatever the history',
}

/** @type {readonly import('./broken-rules.d.mts').BrokenRule[]} */
export const brokenRules = [
  {
    rule: 'Reference: certainty is half-open; its last millisecond is not certain any more',
    file: 'test/ownership/reference/instant.ts',
    from: 'one.certainFromMs <= atMs && atMs < one.certainUntilMs',
    to: 'one.certainFromMs <= atMs && atMs <= one.certainUntilMs',
    ...definition,
  },
  {
    rule: 'Reference: the longest prefix that is live decides, not the shortest',
    file: 'test/ownership/reference/naming.ts',
    from: 'lengthOf(b.claim.prefix) - lengthOf(a.claim.prefix)',
    to: 'lengthOf(a.claim.prefix) - lengthOf(b.claim.prefix)',
    ...definition,
  },
  {
    rule: 'Reference: what is certain of one claim cuts what is possible of the others (rule 8)',
    file: 'test/ownership/reference/times.ts',
    from: 'areRivals(other, holding) && other.start.latestMs < other.end.earliestMs',
    to: 'areRivals(other, holding) && other.start.latestMs > other.end.earliestMs',
    ...definition,
  },
  {
    rule: 'Reference: a lower layer answers only where every expected higher one is proved absent',
    file: 'test/ownership/reference/instant.ts',
    from: 'rankOf(layer) > rankOf(first.claim.layer)',
    to: 'rankOf(layer) < rankOf(first.claim.layer)',
    ...definition,
  },
  {
    rule: 'Reference: the windows of two sources of one holding intersect (rule 7)',
    file: 'test/ownership/reference/holdings.ts',
    from: 'earliestMs: Math.max(...bounds.map(bound => bound.earliestMs)),',
    to: 'earliestMs: Math.min(...bounds.map(bound => bound.earliestMs)),',
    ...definition,
  },
  {
    rule: 'Reference: the highest revision of a claim counts',
    file: 'test/ownership/reference/facts.ts',
    from: 'a.revision.sequence > b.revision.sequence',
    to: 'a.revision.sequence < b.revision.sequence',
    ...definition,
  },
  {
    rule: 'Reference: an open claim is certain up to its source’s progress, and no further (rule 2)',
    file: 'test/ownership/reference/times.ts',
    from: 'Math.max(end.earliestMs, naming.progressMs)',
    to: 'Number.POSITIVE_INFINITY',
    ...definition,
  },
  {
    rule: 'Core: a sighting ends lag and clock error before its request was sent (rule 1)',
    file: 'src/ownership/live-span.ts',
    from: 'span.certainFromMs <= part.fromMs && part.untilMs <= span.sureUntilMs',
    to: 'span.certainFromMs <= part.fromMs && part.fromMs <= span.sureUntilMs',
    test: 'test/ownership/evidence/replies-and-progress.test.ts',
    name: 'the old owner is not stretched to the poll that first shows the new one',
  },
  {
    rule: 'Core: two different names for one holding are a conflict (rule 7)',
    file: 'src/ownership/attribution.ts',
    from: 'candidates.some(span => !isSameHolder(span, first))',
    to: 'candidates.every(span => !isSameHolder(span, first))',
    test: 'test/ownership/evidence/two-sources.test.ts',
    name: 'two different names for it are shown as a conflict, never settled by who came last',
  },
  {
    rule: 'Core: a subnet says that an address is managed, it does not own it',
    file: 'src/ownership/live-span.ts',
    from: "layerRank(claim.layer) >= layerRank('interface') || claim.whole",
    to: "layerRank(claim.layer) >= layerRank('network') || claim.whole",
    test: 'test/ownership/evidence/answers.test.ts',
    name: 'a subnet says that an address is managed, it does not own it',
  },
  {
    rule: 'Index: a row that reaches into the window from before it is found',
    file: 'src/ownership/generation/segment-builder.ts',
    from: 'lookBack = back + 1',
    to: 'lookBack = back',
    test: 'test/ownership/generation/row-list.test.ts',
    name: 'are exactly those, however far the stays reach over one another',
  },
  {
    rule: 'Index: what changed stands over what was folded',
    file: 'src/ownership/ownership-index.ts',
    from: 'for (const cells of [this.folding, this.changed]) {\n      for (const { length, spans }',
    to: 'for (const cells of [this.changed, this.folding]) {\n      for (const { length, spans }',
    test: 'test/ownership/generation.property.test.ts',
    name: 'folded, restored or posted to another thread at any moment, an index answers as one that never was',
  },
]
