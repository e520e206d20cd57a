// A text as the page lays it out: paragraphs, and where passages cut them.

export interface Paragraph {
  start: number; // UTF-16 units
  end: number;
  heading: boolean;
}

const MOST_HEADING = 60;

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

/** Whether lines are broken to fit a page, as in many plain text files: then a line's end is a space. */
export function isHardWrapped(text: string): boolean {
  const lines = text.slice(0, 50_000).split("\n").filter((line) => line.trim());
  const long = lines.filter((line) => line.length >= 50 && line.length <= 85);
  return lines.length >= 8 && long.length >= 0.6 * lines.length && Math.max(...lines.map((line) => line.length)) <= 100;
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
