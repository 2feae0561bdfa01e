using System.Net;
using System.Net.Sockets;
using DnsClient;
using DnsClient.Protocol;
using TenantIdP.Core.Domains;

namespace TenantIdP.Server.Proofs;

/// <param name="Failure">What a resolver answered instead of records; null when it answered with some, or with none.</param>
internal sealed record DnsAnswer(Sighting? Failure, IReadOnlyList<string> Texts)
{
    /// <summary>It says something about the name.</summary>
    public bool IsSaid => Failure is null or Sighting.NotThere or Sighting.TooLarge;
}

/// <summary>Asks one resolver for the texts at a name (RFC 1035 section 3.3.14). Never throws for what the resolver does.</summary>
internal sealed class DnsQuestion(IPEndPoint resolver)
{
    /// <summary>For all questions to one resolver.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private const int MaxRecords = 200;
    private const int MaxCharacters = 16 * 1024;
    private const int MaxAliases = 8;

    private readonly LookupClient client = new(new LookupClientOptions(new NameServer(resolver))
    {
        UseCache = false, CacheFailedResults = false, Retries = 1, Timeout = TimeSpan.FromSeconds(2.4), UseTcpFallback = true, ThrowDnsErrors = false, ContinueOnDnsError = false,
    });

    /// <param name="followAliases">CNAMEs lead on: right for a name that is ours alone. At the domain's own name one would hand the proof to whoever hosts the site.</param>
    public async Task<DnsAnswer> TextsAsync(string name, bool followAliases, CancellationToken ct)
    {
        var asked = name;
        for (var aliases = 0; aliases <= MaxAliases;)
        {
            var (failure, answers) = await AskAsync(asked, QueryType.TXT, ct);
            if (failure is not null) return new DnsAnswer(failure, []);
            // A resolver gives the chain with the answer; one that doesn't is asked for the next name.
            var owner = DnsString.Parse(asked + ".");
            var steps = 0;
            while (followAliases && steps <= MaxAliases && answers.CnameRecords().FirstOrDefault(c => c.DomainName.Equals(owner)) is { } alias)
            {
                owner = alias.CanonicalName;
                steps++;
            }

            var records = answers.TxtRecords().Where(t => t.DomainName.Equals(owner)).Take(MaxRecords + 1).ToList();
            if (records.Count > 0 || steps == 0) return Read(records);
            (asked, aliases) = (owner.Value.TrimEnd('.'), aliases + steps);
        }

        return new DnsAnswer(Sighting.Unreadable, []);
    }

    /// <summary>Whether the resolver says anything at all: asked of the root, which every network has.</summary>
    public async Task<bool> IsThereAsync(CancellationToken ct) => (await AskAsync("", QueryType.NS, ct)).Failure is null or Sighting.NotThere or Sighting.ServerFailed;

    // Chunks of 255 bytes are one text.
    private static DnsAnswer Read(List<TxtRecord> records)
    {
        var texts = records.Select(r => string.Concat(r.Text)).ToList();
        return texts.Count > MaxRecords || texts.Sum(t => t.Length) > MaxCharacters ? new DnsAnswer(Sighting.TooLarge, []) : new DnsAnswer(null, texts);
    }

    private async Task<(Sighting? Failure, IReadOnlyList<DnsResourceRecord> Answers)> AskAsync(string name, QueryType type, CancellationToken ct)
    {
        try
        {
            var answer = await client.QueryAsync(name + ".", type, QueryClass.IN, ct).WaitAsync(ct);
            return answer.Header.ResponseCode switch
            {
                DnsHeaderResponseCode.NoError => (null, answer.Answers),
                DnsHeaderResponseCode.NotExistentDomain => (Sighting.NotThere, []),
                _ => (Sighting.ServerFailed, []),
            };
        }
        catch (OperationCanceledException)
        {
            return (Sighting.TimedOut, []);
        }
        catch (DnsResponseException failure)
        {
            return (failure.InnerException is SocketException ? Sighting.Unreachable : failure.Code == DnsResponseCode.ConnectionTimeout ? Sighting.TimedOut : Sighting.Unreadable, []);
        }
        catch (Exception failure) when (failure is SocketException or IOException)
        {
            return (Sighting.Unreachable, []);
        }
        catch (Exception failure) when (failure is DnsResponseParseException or DnsXidMismatchException or ArgumentException or InvalidOperationException or IndexOutOfRangeException or OverflowException)
        {
            return (Sighting.Unreadable, []); // bytes that the library does not take
        }
    }
}
