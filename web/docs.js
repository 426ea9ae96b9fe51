// Shows openapi.json. All text goes in as text, never as markup.

const element = (name, text, ...children) => {
  const made = document.createElement(name)
  if (text) made.textContent = text
  made.append(...children)
  return made
}

const parameterRow = ({ name, in: place, required, description, schema }) => {
  const choices = schema?.enum ? `one of ${schema.enum.join(', ')}` : ''
  const words = [description ?? schema?.description, choices, required ? 'required' : ''].filter(Boolean).join('; ')
  return element('tr', '', element('th', name), element('td', place), element('td', words))
}

const parametersOf = parameters => {
  if (!parameters?.length) return []
  return [element('table', '', element('tbody', '', ...parameters.map(parameterRow)))]
}

const bodiesOf = (title, content) =>
  Object.entries(content ?? {}).map(([type, { schema }]) =>
    element('details', '', element('summary', `${title}: ${type}`), element('pre', JSON.stringify(schema, null, 2))),
  )

const routeOf = (method, path, { summary, parameters, requestBody, responses }) =>
  element(
    'section',
    '',
    element('h2', `${method.toUpperCase()} ${path}`),
    element('p', summary ?? ''),
    ...parametersOf(parameters),
    ...bodiesOf('request', requestBody?.content),
    ...Object.entries(responses ?? {}).flatMap(([status, { content }]) => bodiesOf(status, content)),
  )

const shown = document.getElementById('routes')
try {
  const { paths } = await (await fetch('/openapi.json')).json()
  shown.replaceChildren(
    ...Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => routeOf(method, path, operation)),
    ),
  )
} catch (error) {
  shown.textContent = `openapi.json cannot be read: ${error.message}`
}
