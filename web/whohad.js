// The page: asks /v1/whohad and shows the answer. Names in answers were chosen by others (tags, labels), so everything is
// put in as text; nothing here reads or writes HTML.

import { renderAnswer, renderProblem, renderSilence } from './answer.js'
import { hasKey, keyForm, keyHeaders, showKey } from './key.js'

const form = document.getElementById('ask')
const box = document.getElementById('question')
const then = document.getElementById('then')
const thenBox = document.getElementById('as-of')
const answer = document.getElementById('answer')
const withKey = document.getElementById('with-key')

let asking = new AbortController()

/**
 * Shows the answer to a question, which is the query of an address: `q`, and `as_of` where it is about what was known then. A
 * later question overtakes an earlier one whose answer is still on its way.
 */
async function ask(question) {
  asking.abort()
  asking = new AbortController()
  const { signal } = asking
  showKey(withKey)
  const url = `v1/whohad?${question}`
  document.title = `${question.get('q')} · whohad`
  answer.setAttribute('aria-busy', 'true')
  try {
    const response = await fetch(url, { signal, headers: { accept: 'application/json', ...keyHeaders() } })
    const body = await response.json()
    if (response.ok) answer.replaceChildren(...renderAnswer(body, hasKey() ? undefined : url))
    else showRefusal(question, response, body, signal)
  } catch (error) {
    if (signal.aborted) return
    answer.replaceChildren(...renderSilence(error))
  }
  answer.setAttribute('aria-busy', 'false')
}

/** 401: asks for a key. 429 and 503: says how long, and asks again by itself then. 403 and all else: says what is wrong. */
function showRefusal(question, response, { detail }, signal) {
  if (response.status === 401) {
    const { parts, focus } = keyForm(() => ask(question))
    answer.replaceChildren(...parts)
    showKey(withKey)
    return focus()
  }
  const seconds = Number(response.headers.get('retry-after'))
  const waits = (response.status === 429 || response.status === 503) && seconds > 0
  answer.replaceChildren(...renderProblem(waits ? `${detail} This page asks again by itself in ${seconds} s.` : detail))
  if (waits) setTimeout(() => signal.aborted || ask(question), seconds * 1000)
}

const questionOf = (q, asOf) => new URLSearchParams(asOf === '' ? { q } : { q, as_of: asOf })

/** Makes the page what its address says: an answer can be shared, and the browser's back button works. */
function followAddress() {
  const given = new URLSearchParams(location.search)
  const [q, asOf] = [given.get('q') ?? '', given.get('as_of') ?? '']
  box.value = q
  thenBox.value = asOf
  then.open = asOf !== ''
  if (q) return ask(questionOf(q, asOf))
  asking.abort()
  answer.replaceChildren()
  answer.setAttribute('aria-busy', 'false')
  document.title = 'whohad'
  box.focus()
}

form.addEventListener('submit', event => {
  event.preventDefault()
  const q = box.value.trim()
  if (q === '') return
  const question = questionOf(q, thenBox.value.trim())
  const search = `?${question}`
  if (search !== location.search) history.pushState(null, '', search)
  ask(question)
})

// What is folded away must not bend the next answer.
then.addEventListener('toggle', () => {
  if (!then.open) thenBox.value = ''
})

document.addEventListener('keydown', event => {
  const typing = event.target instanceof HTMLInputElement
  if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return
  event.preventDefault()
  box.focus()
  box.select()
})

window.addEventListener('popstate', followAddress)
showKey(withKey)
followAddress()
