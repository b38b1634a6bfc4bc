// The person's notebook server, asked by JupyterLab's own means; every refusal is a sentence.

const SILENT = 'Your notebook server does not answer. Look at your network, then try again. Nothing is lost.';

export class Server {
  constructor(services) {
    this.connection = services.ServerConnection;
    this.settings = services.ServerConnection.makeSettings();
  }

  async ask(verb, data, more = {}) {
    const url = `${this.settings.baseUrl}campushub/${verb}`;
    const request = data === undefined ? { method: 'GET' } : { method: 'POST', body: JSON.stringify(data) };
    let answer;
    try {
      answer = await this.connection.makeRequest(url, { ...more, ...request }, this.settings);
    } catch (error) {
      throw new Error(SILENT);
    }
    const told = await answer.json().catch(() => null);
    if (!answer.ok) {
      throw Object.assign(new Error(told?.message || `This did not work (${answer.status}). Try again.`), { told, status: answer.status });
    }
    if (told === null) {
      throw new Error(SILENT); // it broke off half-way
    }
    return told;
  }
}
