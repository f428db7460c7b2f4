// What a measured page is given: pixels of its picture, whichever element paints it.
import { readBars, ageOfBars } from './bars.mjs';
import { readMarker, bottomRight } from './marker.mjs';

function install() {
  const copy = document.createElement('canvas');
  const context = copy.getContext('2d', { willReadFrequently: true });
  const shown = (element) => {
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const painted = element.videoWidth || element.width;
    return box.width > 50 && box.height > 50 && style.visibility !== 'hidden' && style.display !== 'none' && painted;
  };
  const area = (element) => {
    const box = element.getBoundingClientRect();
    return box.width * box.height;
  };
  const pictures = () =>
    [...document.querySelectorAll('canvas,video')].filter(shown).sort((a, b) => area(b) - area(a));
  const sizeOf = (element) => [element.videoWidth || element.width, element.videoHeight || element.height];

  /** RGBA pixels of a part of the largest picture, in its own pixels, scaled to `columns` × `rows`. */
  const pixels = (x, y, width, height, columns, rows, element = pictures()[0]) => {
    if (!element) return null;
    copy.width = columns;
    copy.height = rows;
    context.imageSmoothingEnabled = false;
    try {
      context.drawImage(element, x, y, width, height, 0, 0, columns, rows);
    } catch {
      return null;
    }
    return context.getImageData(0, 0, columns, rows).data;
  };

  const bars = () => {
    const element = pictures()[0];
    if (!element) return null;
    const [width, height] = sizeOf(element);
    const row = pixels(0, Math.round(height * 0.015), width, 1, width, 1, element);
    return row && readBars(row, width);
  };

  const markers = () => {
    const element = pictures()[0];
    if (!element) return { top: null, bottom: null };
    const [width, height] = sizeOf(element);
    const corner = bottomRight(width, height);
    const read = (x, y) => {
      const part = pixels(x, y, 128, 40, 128, 40, element);
      return part && readMarker(part);
    };
    return { top: read(0, 0), bottom: read(corner.x, corner.y) };
  };

  /** Whether any picture has something other than black in it. */
  const lit = () =>
    pictures().some((element) => {
      const [width, height] = sizeOf(element);
      const small = pixels(0, 0, width, height, 64, 36, element);
      return small && small.some((value, index) => index % 4 !== 3 && value > 40 && small[index | 3] > 0);
    });

  const each = (look) => {
    const loop = () => {
      if (look(performance.now()) !== false) requestAnimationFrame(loop);
    };
    requestAnimationFrame(loop);
  };

  const probe = { pictures, sizeOf, pixels, bars, markers, lit, each, log: [], unread: 0, looks: 0, last: null };
  probe.watchLit = () =>
    each((now) => {
      if (probe.firstLit === undefined && lit()) probe.firstLit = now;
      return probe.firstLit === undefined;
    });
  probe.watchBars = () =>
    each((now) => {
      probe.looks++;
      const read = bars();
      if (read === null) {
        probe.unread++;
      } else if (read !== probe.last) {
        probe.last = read;
        probe.log.push([now, ageOfBars(read, performance.timeOrigin + performance.now())]);
      }
    });
  probe.watchMarkers = () =>
    each((now) => {
      probe.looks++;
      const { top, bottom } = markers();
      if (top === null) {
        probe.unread++;
        return;
      }
      if (bottom !== null && bottom.counter !== top.counter) probe.torn = (probe.torn ?? 0) + 1;
      if (top.counter !== probe.last) {
        probe.last = top.counter;
        probe.log.push([now, top.counter]);
      }
    });
  probe.age = () => (probe.last === null ? null : ageOfBars(probe.last, performance.timeOrigin + performance.now()));
  probe.take = () => {
    const taken = { log: probe.log, unread: probe.unread, looks: probe.looks, torn: probe.torn ?? 0 };
    Object.assign(probe, { log: [], unread: 0, looks: 0, torn: 0 });
    return taken;
  };
  window.__probe = probe;
}

/** Source text for `addInitScript`; `then` is a statement to run once the document has a root. */
export function sampler(then = '') {
  const parts = [readBars, ageOfBars, readMarker, bottomRight].map(String).join('\n');
  return `(() => { ${parts}\n(${install})();\n${then} })();`;
}
