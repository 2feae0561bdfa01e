using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Domains;

/// <summary>
/// The public suffixes: names below which anybody may register (<c>co.uk</c>, <c>github.io</c>). Rules as at https://publicsuffix.org/list/: the longest one decides, an exception
/// (<c>!</c>) before any, and without one the last label is the suffix.
/// </summary>
public sealed class PublicSuffixes
{
    private readonly HashSet<string> rules = new(StringComparer.Ordinal);
    private readonly HashSet<string> wildcards = new(StringComparer.Ordinal);
    private readonly HashSet<string> exceptions = new(StringComparer.Ordinal);

    /// <param name="list">Lines of the list's own form; closed by the caller.</param>
    /// <exception cref="StartupException">It is no such list.</exception>
    public PublicSuffixes(TextReader list)
    {
        while (list.ReadLine() is { } line)
        {
            var rule = line.Trim();
            if (rule.Length == 0 || rule.StartsWith("//", StringComparison.Ordinal)) continue;
            var end = rule.IndexOfAny([' ', '\t']);
            Add(end < 0 ? rule : rule[..end]);
        }

        if (!rules.Contains("com") || !rules.Contains("co.uk")) throw new StartupException("The list of public suffixes does not know com and co.uk: it is no public suffix list.");
    }

    /// <summary>Whether nobody in particular holds it: a suffix, or what has nothing but suffixes below it (<c>kawasaki.jp</c>).</summary>
    public bool IsSuffix(HostName host) => wildcards.Contains(host.Value) || SuffixOf(host.Value).Length == host.Value.Length;

    /// <summary>The name that somebody registered: the suffix and one label more; the host itself when it is a suffix.</summary>
    public HostName RegistrableOf(HostName host)
    {
        var suffix = SuffixOf(host.Value);
        if (suffix.Length == host.Value.Length) return host;
        var before = host.Value[..^(suffix.Length + 1)];
        return HostName.Stored(host.Value[(before.LastIndexOf('.') + 1)..]);
    }

    private string SuffixOf(string host)
    {
        for (var rest = host; ; rest = Parent(rest))
        {
            if (exceptions.Contains(rest)) return Parent(rest);
            if (rules.Contains(rest)) return rest;
            var parent = Parent(rest);
            if (parent.Length == 0) return rest;
            if (wildcards.Contains(parent)) return rest;
        }
    }

    private static string Parent(string host) => host.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? host[(dot + 1)..] : "";

    private void Add(string rule)
    {
        var (set, name) = rule switch
        {
            ['!', .. var exception] => (exceptions, exception),
            ['*', '.', .. var parent] => (wildcards, parent),
            _ => (rules, rule),
        };
        // A rule that this process can't read as a host (a script without tables of languages) never meets a host either.
        if (HostScript.TryToAscii(name, out var ascii)) set.Add(ascii);
    }
}
