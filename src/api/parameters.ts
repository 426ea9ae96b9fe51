import Type from 'typebox'
import { LONGEST_QUESTION } from './question.ts'

/** An optional query parameter, as text: what is in it is read by the route, so that the refusal can say how to write it. */
export const shortText = (description: string) => Type.Optional(Type.String({ maxLength: 128, description }))

/** A whole number in a query parameter, as text; `wholeOf` reads it. */
export const wholeText = (description: string) =>
  Type.Optional(Type.String({ pattern: '^\\d{1,9}$', maxLength: 9, description }))

/** What `wholeText` let in, within bounds. */
export const wholeOf = (text: string | undefined, otherwise: number, most: number): number =>
  text === undefined ? otherwise : Math.max(1, Math.min(most, Number(text)))

export const asOfText = shortText(
  'answer with what was known at that moment, by the clock of the change stream; "now" is then that moment',
)

/** A question, as one text or in parts (`questionOf`), and as of when (`asOfMsOf`). */
export const QuestionQuerySchema = Type.Object(
  {
    q: Type.Optional(Type.String({ maxLength: LONGEST_QUESTION, description: 'the question as people write it' })),
    ip: shortText('IPv4 or IPv6 address'),
    at: shortText('Unix seconds or milliseconds, ISO 8601 with a zone, "now", "5 min ago"; now where it is left out'),
    domain: shortText('routing domain; decided from the address where only one is possible'),
    port: shortText('local port, for addresses that several share'),
    from: shortText('first instant of a span, written like "at"'),
    to: shortText('first instant after the span'),
    as_of: asOfText,
  },
  { additionalProperties: false },
)
