// What the station's software comes to, in a sentence.
import type { SoftwareView } from '../../generated/api';
import type { Tone } from '../../design/words';

/** `24.6 MB` */
export const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toLocaleString('en-US', { maximumFractionDigits: 1 })} MB`;

/**
 * What comes and what it waits for. `since` is the day up to which the data center's repository was
 * believed, when it is not believed any more: nothing newer is known here then.
 */
export function coming(view: SoftwareView, since: string | null = null): { text: string; tone: Tone } {
  const release = view.release ?? '';
  const tone: Tone = view.urgent ? 'caution' : 'muted';
  switch (view.state) {
    case 'beside':
      return { text: 'This program is not updated by itself.', tone: 'muted' };
    case 'unpublished':
      return since === null
        ? { text: 'The data center publishes nothing for this station.', tone: 'muted' }
        : { text: `As of ${since} the data center published nothing for this station.`, tone: 'caution' };
    case 'current':
      return since === null
        ? { text: 'This is the newest version for this station.', tone: 'proof' }
        : { text: `As of ${since} this was the newest version for this station.`, tone: 'caution' };
    case 'coming':
      return { text: `Version ${release} is coming: ${megabytes(view.fetched_bytes)} of ${megabytes(view.length_bytes)}.`, tone };
    case 'waiting':
      return view.waits === null
        ? { text: `Version ${release} is here and starts when nobody is served.`, tone }
        : { text: `Version ${release} is here and waits, because ${view.waits}.`, tone };
    case 'by-admin':
      return { text: `Version ${release} is there. An admin installs it.`, tone };
    case 'stuck':
      return { text: `This version is below the minimum ${view.minimum ?? ''} and there is nothing to install. Ring your admin.`, tone: 'stop' };
  }
}

/** What became of the last release; nothing where there was none. */
export function lastWords(view: SoftwareView): string | null {
  const { last } = view;
  if (last === null) {
    return null;
  }
  const why = last.reason === null ? '' : `: ${last.reason.replace(/\.$/, '')}`;
  switch (last.outcome) {
    case 'installed':
      return `Version ${last.version} was installed and has proved itself.`;
    case 'put-back':
      return `Version ${last.version} did not prove itself and was put back${why}. It is not tried again.`;
    case 'put-off':
      return `Version ${last.version} could not be installed${why}. It is tried again a day later.`;
    default:
      return `Version ${last.version} was refused${why}. It is not tried again.`;
  }
}
