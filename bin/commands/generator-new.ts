import { relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { makeGenerator, templates, type Template } from '../../lib/authoring/index.ts'
import { MarmaladeError } from '../../lib/base/index.ts'
import { act, addCommand, textOption } from '../cli/context.ts'
import { fittedTable } from '../cli/screen.ts'
import { many, plain } from '../cli/words.ts'

export function addNew(generator: Command): void {
  const command = addCommand(generator, {
    usage: 'new [folder]',
    summary: 'make a folder with a generator that plays, to go on from',
    examples: [
      'generator new my-groove',
      'generator new my-bass --template bass',
      'generator new ./bells --lang c',
      'generator new',
    ],
  })
    .option('--template <name>', 'what it begins as; `generator new` alone lists them (default: pattern)')
    .option('--lang <language>', 'as (AssemblyScript), c or rust')
    .option('--name <name>', 'its name (default: the folder’s)')
  act(command, async (context, [given = ''], options) => {
    const all = templates()
    if (given === '') {
      const shown = all.map(({ name, language, about }) => ({ name, language, about }))
      context.print(shown, () => listing(all))
      return
    }
    const folder = resolve(given)
    const template = chosen(all, textOption(options['template']), textOption(options['lang']))
    const name = textOption(options['name'])
    const files = await makeGenerator({ folder, template, ...(name !== undefined && { name }) })
    const shown = relative('.', folder) || '.'
    context.print({ folder, template: template.name, language: template.language, files }, () =>
      [
        `${plain(shown)} is made, from ${template.name}: ${many(files.length, 'file')}. Next:`,
        `  marmalade generator check ${plain(shown)}`,
        `  marmalade generator publish ${plain(shown)}`,
        ...(template.language === 'text' ? [] : [`  marmalade generator build ${plain(shown)}     after a change`]),
      ].join('\n'),
    )
  })
}

/** What each language is called; of templates that are not compiled nothing. */
const SHOWN: Readonly<Record<Template['language'], string>> = {
  as: 'AssemblyScript',
  c: 'C',
  rust: 'Rust',
  text: 'no compiler',
}
/** The template of a language, where none is named. */
const FIRST: Readonly<Record<string, string>> = { as: 'drum', c: 'bell', rust: 'bell' }

/** @throws USAGE */
function chosen(all: readonly Template[], name: string | undefined, lang: string | undefined): Template {
  const wanted = name ?? (lang === undefined ? 'pattern' : FIRST[lang])
  if (wanted === undefined) throw new MarmaladeError('USAGE', `--lang is as, c or rust, not ${lang ?? ''}`)
  const named = all.filter((template) => template.name === wanted)
  if (named.length === 0)
    throw new MarmaladeError('USAGE', `there is no template ${wanted}: there are ${namesOf(all).join(' ')}`)
  const [template] = named.filter(({ language }) => lang === undefined || language === lang)
  if (template) return template
  const there = namesOf(all.filter(({ language }) => language === lang))
  throw new MarmaladeError('USAGE', `of ${wanted} there is none in ${lang ?? ''}: there are ${there.join(' ')}`)
}

const namesOf = (all: readonly Template[]): string[] => [...new Set(all.map(({ name }) => name))]
const listing = (all: readonly Template[]): string =>
  fittedTable(
    ['template', 'in', 'what it is'],
    all.map(({ name, language, about }) => [name, SHOWN[language], about]),
  )
