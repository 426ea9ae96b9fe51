/** XML that is already written; everything else is escaped. */
export type Xml = { readonly xml: string }

type Content = string | number | boolean | Xml | readonly Xml[] | null

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, c => (c === '&' ? '&amp;' : c === '<' ? '&lt;' : c === '>' ? '&gt;' : '&quot;'))

const written = (content: Exclude<Content, null>): string => {
  if (typeof content !== 'object') return escaped(String(content))
  return 'xml' in content ? content.xml : content.map(({ xml }) => xml).join('')
}

/** `<name>content</name>`; nothing at all for null. */
export const element = (name: string, content: Content): Xml => ({
  xml: content === null ? '' : `<${name}>${written(content)}</${name}>`,
})

export const elements = (contents: Readonly<Record<string, Content>>): Xml => ({
  xml: Object.entries(contents)
    .map(([name, content]) => element(name, content).xml)
    .join(''),
})

/** A list as the EC2 Query API writes it. */
export const items = (contents: readonly Xml[]): readonly Xml[] => contents.map(content => element('item', content))

export const xmlDocument = (root: string, namespace: string | null, content: Content): string => {
  const attribute = namespace === null ? '' : ` xmlns="${namespace}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${content === null ? '' : written(content)}</${root}>`
}
