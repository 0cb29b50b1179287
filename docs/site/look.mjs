// Looks at the site as its readers do, in Chromium, on a desk and on a phone, light and dark, and says what is wrong:
// links and anchors that lead nowhere, what is asked of other hosts, errors of scripts, texts of too little contrast (WCAG
// 2.2 AA, by axe), pages that are wider than the screen.
//
//   node look.mjs FOLDER [SHOTS]     SHOTS: a folder for pictures of every page
import http from 'node:http'
import fs from 'node:fs'
import path from 'node:path'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'

const [folder, shots] = process.argv.slice(2)
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const kinds = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml', '.png': 'image/png' }
const wrong = []

const server = http.createServer((request, response) => {
  let name = decodeURIComponent(new URL(request.url, 'http://localhost').pathname)
  if (name.endsWith('/')) name += 'index.html'
  const file = path.join(folder, path.normalize(name))
  if (!fs.existsSync(file) || !fs.statSync(file).isFile()) {
    response.writeHead(404).end('There is no such file.')
    return
  }
  response.writeHead(200, { 'content-type': kinds[path.extname(file)] ?? 'text/plain' }).end(fs.readFileSync(file))
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${server.address().port}`

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
})

const screens = [
  { name: 'desk', viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  { name: 'phone', viewport: { width: 360, height: 740 }, colorScheme: 'light' },
  { name: 'dark', viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
]
const links = new Map() // where a link is, and the page and the place there that it leads to
const from = new Map() // the page that leads to it
const anchors = new Map() // of each page: its places

for (const screen of screens) {
  const context = await browser.newContext({ viewport: screen.viewport, colorScheme: screen.colorScheme, reducedMotion: 'reduce' })
  const page = await context.newPage()
  const say = (what) => wrong.push(`${screen.name} ${page.url().slice(origin.length)}: ${what}`)
  page.on('pageerror', (error) => say(`a script fails: ${error.message}`))
  page.on('console', (message) => { if (message.type() === 'error') say(message.text()) })
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(origin)) say(`asks ${request.url()}`)
  })
  page.on('response', (response) => { if (response.status() >= 400) say(`${response.status()} for ${response.url()}`) })

  const queue = [`${origin}/`]
  for (const seen = new Set(queue); queue.length > 0;) {
    const address = queue.shift()
    const answer = await page.goto(address, { waitUntil: 'load' })
    if (!answer.ok()) {
      wrong.push(`${from.get(address)}: a link leads to ${address}, which is not there`)
      continue
    }
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    if (width > screen.viewport.width) say(`is ${width} pixels wide on a screen of ${screen.viewport.width}`)
    for (const broken of await page.evaluate(() => [...document.images].filter((i) => !i.naturalWidth).map((i) => i.src))) {
      say(`the picture ${broken} is broken`)
    }
    for (const gap of await page.evaluate(() => [...document.images].filter((i) => !i.alt).map((i) => i.src))) {
      say(`the picture ${gap} is not described`)
    }

    await page.addScriptTag({ path: axe })
    const found = await page.evaluate(() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] }))
    for (const violation of found.violations) {
      for (const node of violation.nodes) say(`${violation.help}: ${node.target.join(' ')} ${node.any[0]?.message ?? ''}`)
    }
    if (shots) {
      const name = `${screen.name}${address.slice(origin.length).replaceAll('/', '-').replace('.html', '')}.png`
      await page.screenshot({ path: path.join(shots, name), fullPage: true })
    }

    anchors.set(address, new Set(await page.evaluate(() => [...document.querySelectorAll('[id]')].map((e) => e.id))))
    for (const href of await page.evaluate(() => [...document.querySelectorAll('a[href]')].map((a) => a.href))) {
      if (!href.startsWith(origin)) continue
      const [target, anchor] = href.split('#')
      if (anchor !== undefined) links.set(`${address} ${href}`, [target, decodeURIComponent(anchor)])
      if (seen.has(target)) continue
      seen.add(target)
      from.set(target, address)
      if (/(\/|\.html)$/.test(target)) queue.push(target)
      else if (!(await page.request.get(target)).ok()) say(`there is no ${target}`)
    }
  }
  console.log(`${screen.name}: ${anchors.size} pages`)
  await context.close()
}
for (const [from, [target, anchor]] of links) {
  if (anchor !== '' && !anchors.get(target)?.has(anchor)) wrong.push(`${from}: there is no such place`)
}

// Every page that was made is one that a reader comes to.
for (const file of fs.readdirSync(folder, { recursive: true })) {
  const address = `${origin}/${file}`.replace(/\/index\.html$/, '/')
  if (file.endsWith('.html') && !anchors.has(address)) wrong.push(`no page leads to ${file}`)
}

await browser.close()
server.close()
for (const line of [...new Set(wrong)].map((line) => line.replaceAll(origin, ''))) console.error(line)
process.exit(wrong.length > 0 ? 1 : 0)
