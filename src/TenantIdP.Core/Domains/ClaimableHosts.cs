using System.Collections.Frozen;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Domains;

/// <summary>Whether a host may be claimed at all: no suffix under which anybody registers, no mail provider's, no reserved name. Reads its lists when it is made.</summary>
public sealed class ClaimableHosts
{
    // RFC 6761, 6762 section G, 7686, 8375, 9476 and the names that private networks use.
    private static readonly FrozenSet<string> Reserved = FrozenSet.ToFrozenSet(
    [
        "alt", "arpa", "corp", "domain", "example", "example.com", "example.net", "example.org", "home", "home.arpa", "internal", "intranet", "invalid", "lan", "local", "localdomain", "localhost",
        "mail", "onion", "private", "test",
    ], StringComparer.Ordinal);

    private readonly FrozenSet<string> allowed;
    private readonly FrozenSet<string> consumer;
    private readonly FrozenSet<string> disposable;
    private readonly bool allowsReserved;

    /// <exception cref="StartupException">A file of the settings can't be read.</exception>
    public ClaimableHosts(DomainOptions options)
    {
        Suffixes = options.PublicSuffixFile is { } file ? FromFile(file, reader => new PublicSuffixes(reader)) : Embedded("public_suffixes", reader => new PublicSuffixes(reader));
        var more = options.RefusedFile is { } refused ? FromFile(refused, Hosts) : [];
        (consumer, disposable) = (Embedded("consumer", Hosts).Concat(more).ToFrozenSet(StringComparer.Ordinal), Embedded("disposable", Hosts).ToFrozenSet(StringComparer.Ordinal));
        allowed = options.Allowed.Select(Ascii).ToFrozenSet(StringComparer.Ordinal);
        allowsReserved = options.AllowReserved;
    }

    public PublicSuffixes Suffixes { get; }

    public Result Check(HostName host)
    {
        if (IsIn(allowed, host)) return Result.Ok;
        if (!allowsReserved && IsIn(Reserved, host)) return DomainErrors.Reserved;
        if (Suffixes.IsSuffix(host)) return DomainErrors.PublicSuffix;
        if (IsIn(consumer, host)) return DomainErrors.Consumer;
        return IsIn(disposable, host) ? DomainErrors.Disposable : Result.Ok;
    }

    private static bool IsIn(FrozenSet<string> list, HostName host)
    {
        for (var rest = host.Value; ; rest = rest[(rest.IndexOf('.', StringComparison.Ordinal) + 1)..])
        {
            if (list.Contains(rest)) return true;
            if (!rest.Contains('.', StringComparison.Ordinal)) return false;
        }
    }

    private static List<string> Hosts(TextReader reader)
    {
        var hosts = new List<string>();
        while (reader.ReadLine() is { } line)
        {
            var host = line.Split('#', 2)[0].Trim().TrimStart('@').TrimEnd('.');
            if (host.Length > 0) hosts.Add(Ascii(host));
        }

        return hosts;
    }

    private static string Ascii(string host) => HostScript.TryToAscii(host, out var ascii) ? ascii : throw new StartupException($"'{host}' in a list of {DomainOptions.Section} is no host.");

    private static T FromFile<T>(string path, Func<TextReader, T> read)
    {
        try
        {
            using var reader = File.OpenText(path);
            return read(reader);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{path}, which {DomainOptions.Section} names, can't be read.", failure);
        }
    }

    private static T Embedded<T>(string name, Func<TextReader, T> read)
    {
        using var stream = typeof(ClaimableHosts).Assembly.GetManifestResourceStream($"domains/{name}") ?? throw new InvalidOperationException($"The list {name} is not in the assembly.");
        using var reader = new StreamReader(stream);
        return read(reader);
    }
}
