// The caller's API key or token, where the server wants one: kept by this tab until it is closed, sent with each question, and
// never a part of an address.

import { element } from './answer.js'

const NAME = 'whohad-key'
const KEY = /^[A-Za-z0-9._~+/=-]+$/

const held = () => sessionStorage.getItem(NAME)

const forgetKey = () => sessionStorage.removeItem(NAME)

export const hasKey = () => held() !== null

export const keyHeaders = () => (hasKey() ? { authorization: `Bearer ${held()}` } : {})

/** Shows in `place` that a key is in use, and forgets it on request. */
export function showKey(place) {
  if (!hasKey()) return place.replaceChildren()
  const forget = element('button', { type: 'button', class: 'quiet' }, 'Forget the key')
  forget.addEventListener('click', () => {
    forgetKey()
    location.reload()
  })
  place.replaceChildren('Asked with your key. ', forget)
}

/** Asks for a key, and calls `onKey` once there is one. What was held is forgotten: the server does not take it. */
export function keyForm(onKey) {
  const box = element('input', {
    id: 'key',
    type: 'password',
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
    required: '',
    'aria-describedby': 'key-hint key-problem',
  })
  const problem = element('p', { id: 'key-problem', class: 'key-problem', role: 'alert' })
  const form = element(
    'form',
    { class: 'key' },
    element('label', { for: 'key' }, 'Your API key or token'),
    element('div', { class: 'box' }, box, element('button', { type: 'submit' }, 'Use it')),
    element(
      'p',
      { id: 'key-hint', class: 'hint' },
      'This tab keeps it until it is closed. It is sent to this server alone.',
    ),
    problem,
  )
  form.addEventListener('submit', event => {
    event.preventDefault()
    const key = box.value.trim()
    if (!KEY.test(key)) {
      problem.replaceChildren('That is no key: it has letters, digits and . _ ~ + / = - only.')
      return
    }
    sessionStorage.setItem(NAME, key)
    onKey()
  })
  const said = hasKey() ? 'The server does not take this key.' : 'This server answers only callers that it knows.'
  forgetKey()
  return { parts: [element('p', { class: 'problem' }, said), form], focus: () => box.focus() }
}
