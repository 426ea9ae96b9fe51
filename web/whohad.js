// The page: asks /v1/whohad and shows the answer. Names in answers were chosen by others (tags, labels), so everything is
// put in as text; nothing here reads or writes HTML.

import { renderAnswer, renderProblem } from './answer.js'
import { hasKey, keyForm, keyHeaders, showKey } from './key.js'

const form = document.getElementById('ask')
const box = document.getElementById('question')
const answer = document.getElementById('answer')
const withKey = document.getElementById('with-key')

let asking = new AbortController()

/** Shows the answer to `q`; a later question overtakes an earlier one whose answer is still on its way. */
async function ask(q) {
  asking.abort()
  asking = new AbortController()
  const { signal } = asking
  showKey(withKey)
  const url = `v1/whohad?q=${encodeURIComponent(q)}`
  document.title = `${q} · whohad`
  answer.setAttribute('aria-busy', 'true')
  try {
    const response = await fetch(url, { signal, headers: { accept: 'application/json', ...keyHeaders() } })
    const body = await response.json()
    if (response.ok) answer.replaceChildren(...renderAnswer(body, hasKey() ? undefined : url))
    else showRefusal(q, response, body, signal)
  } catch (error) {
    if (signal.aborted) return
    answer.replaceChildren(
      ...renderProblem(`whohad did not answer (${error.message}). Is it still running? Ask again.`),
    )
  }
  answer.setAttribute('aria-busy', 'false')
}

/** 401: asks for a key. 429 and 503: says how long, and asks again by itself then. 403 and all else: says what is wrong. */
function showRefusal(q, response, { detail }, signal) {
  if (response.status === 401) {
    const { parts, focus } = keyForm(() => ask(q))
    answer.replaceChildren(...parts)
    showKey(withKey)
    return focus()
  }
  const seconds = Number(response.headers.get('retry-after'))
  const waits = (response.status === 429 || response.status === 503) && seconds > 0
  answer.replaceChildren(...renderProblem(waits ? `${detail} This page asks again by itself in ${seconds} s.` : detail))
  if (waits) setTimeout(() => signal.aborted || ask(q), seconds * 1000)
}

/** Makes the page what its address says: an answer can be shared, and the browser's back button works. */
function followAddress() {
  const q = new URLSearchParams(location.search).get('q')
  box.value = q ?? ''
  if (q) return ask(q)
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
  const search = `?${new URLSearchParams({ q })}`
  if (search !== location.search) history.pushState(null, '', search)
  ask(q)
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
