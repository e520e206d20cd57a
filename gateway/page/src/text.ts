// A text as the page lays it out: paragraphs, and where passages cut them.

export interface Paragraph {
  start: number; // UTF-16 units
  end: number;
  heading: boolean;
}

const MOST_HEADING = 60;

// What shows that lines are broken to fit a page: so many of them, of such lengths, and that most are as long as can be.
const LEAST_BROKEN = 4;
const [NARROWEST, WIDEST] = [50, 140]; // pentameters are narrower
const MOSTLY = 0.8;

/** Paragraphs of a text, what stands between blank lines. */
export function paragraphs(text: string): Paragraph[] {
  const found: Paragraph[] = [];
  const gap = /\n[^\S\n]*\n\s*/g;
  let start = text.length - text.trimStart().length;
  for (let match = gap.exec(text); ; match = gap.exec(text)) {
    const end = match ? match.index : text.length;
    if (text.slice(start, end).trim()) found.push({ start, end, heading: isHeading(text.slice(start, end)) });
    if (!match) return found;
    start = gap.lastIndex;
  }
}

function isHeading(paragraph: string): boolean {
  const line = paragraph.trim();
  if (line.length > MOST_HEADING || line.includes("\n")) return false;
  return /^(chapter|part|book|prologue|epilogue|canto|act|scene)\b/i.test(line) || /^([ivxlc]+|\d+)\.?$/i.test(line);
}

/**
 * Whether lines are broken to fit a page, as in many plain text files: then a line's end is a space. There the next line's
 * first word wouldn't have fitted, which of verse, lists and dialogue is seldom so.
 */
export function isHardWrapped(text: string): boolean {
  const lines = text.slice(0, 50_000).split("\n").map((line) => line.trimEnd());
  const broken = lines.slice(0, -1).flatMap((line, i) => (line && lines[i + 1] ? [{ length: line.length, next: lines[i + 1]! }] : []));
  const lengths = broken.map(({ length }) => length).sort((a, b) => a - b);
  const width = lengths[Math.floor(0.75 * lengths.length)] ?? 0; // some may stick out
  if (broken.length < LEAST_BROKEN || width < NARROWEST || width > WIDEST) return false;
  const full = broken.filter(({ length, next }) => length + 1 + next.trimStart().split(/\s/, 1)[0]!.length > width);
  return full.length >= MOSTLY * broken.length;
}

/** Turns Unicode characters, which the gateway counts, into UTF-16 units, which this language counts, and back. */
export class Positions {
  private readonly units: Uint32Array | null;

  constructor(text: string) {
    if (!/[\ud800-\udbff]/.test(text)) {
      this.units = null;
      return;
    }
    const units: number[] = [];
    for (let unit = 0; unit < text.length; unit += text.codePointAt(unit)! > 0xffff ? 2 : 1) units.push(unit);
    units.push(text.length);
    this.units = Uint32Array.from(units);
  }

  unit(character: number): number {
    return this.units ? (this.units[character] ?? this.units[this.units.length - 1]!) : character;
  }
}
