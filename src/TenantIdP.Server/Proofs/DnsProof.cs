using System.Net;
using DnsClient;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Server.Http.Outbound;

namespace TenantIdP.Server.Proofs;

/// <summary>
/// The proof by DNS: a TXT record at a name of our own below the domain, or at the domain itself. Each resolver is asked; those that answer must agree, and one must. So a record
/// that a resolver of ours alone is made to see proves nothing, and one that is still spreading is waited for.
/// </summary>
public sealed class DnsProof(DomainOptions options, ClaimableHosts hosts)
{
    private sealed record View(bool? Proven, IReadOnlyList<DomainSighting> Seen);

    public async Task<DomainEvidence> LookAsync(HostName host, string challenge, CancellationToken ct)
    {
        var resolvers = Resolvers();
        var views = await Task.WhenAll(resolvers.Select((resolver, i) => AskAsync(resolver, Label(resolver, i), host, challenge, ct)));
        var seen = views.SelectMany(v => v.Seen).ToList();
        var answered = views.Where(v => v.Proven is not null).ToList();
        var proven = answered.Count > 0 && answered.All(v => v.Proven == true);
        if (proven) return new DomainEvidence(VerificationMethod.Dns, true, true, seen);
        if (answered.Count > 0 && answered.All(v => v.Proven == false))
        {
            var first = Array.FindIndex(views, v => v.Proven is not null);
            seen.AddRange(await DoubledAsync(resolvers[first], Label(resolvers[first], first), host, challenge, ct));
        }
        else if (answered.Any(v => v.Proven == true))
        {
            seen.Add(new DomainSighting("all resolvers", Sighting.Nothing, null, "Not every resolver sees the record yet. It is usually there within an hour; it is looked for again by itself."));
        }

        return new DomainEvidence(VerificationMethod.Dns, false, answered.Count > 0 || await IsAnyThereAsync(resolvers, ct), seen);
    }

    private static async Task<View> AskAsync(IPEndPoint resolver, string label, HostName host, string challenge, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(DnsQuestion.Limit);
        var question = new DnsQuestion(resolver);
        var (own, apex) = (question.TextsAsync(DomainProof.DnsName(host), followAliases: true, limit.Token), question.TextsAsync(host.Value, followAliases: false, limit.Token));
        await Task.WhenAll(own, apex);
        ct.ThrowIfCancellationRequested();
        var (below, at) = (await own, await apex);
        var (foundBelow, foundAt) = (Judge(below, challenge), Judge(at, challenge));
        DomainSighting[] seen = [Tell(label, DomainProof.DnsName(host), below, foundBelow, challenge), Tell(label, host.Value, at, foundAt, challenge)];
        if (foundBelow == Sighting.Proven || foundAt == Sighting.Proven) return new View(true, seen);
        return new View(below.IsSaid && at.IsSaid ? false : null, seen);
    }

    private static Sighting Judge(DnsAnswer answer, string challenge)
    {
        if (answer.Failure is { } failure) return failure;
        var ours = answer.Texts.Select(Clean).Where(IsOurs).ToList();
        return ours.Contains(DomainProof.DnsValue(challenge), StringComparer.Ordinal) ? Sighting.Proven : ours.Count > 0 ? Sighting.WrongValue : Sighting.Nothing;
    }

    private static DomainSighting Tell(string label, string name, DnsAnswer answer, Sighting found, string challenge)
    {
        // Other records stay unsaid: through a name that leads elsewhere they would show what somebody else keeps there.
        var seen = found == Sighting.WrongValue ? answer.Texts.Select(Clean).First(IsOurs) : found == Sighting.Nothing && answer.Texts.Count > 0 ? $"{answer.Texts.Count} other TXT records" : null;
        var advice = found switch
        {
            Sighting.WrongValue => $"Replace the value by {DomainProof.DnsValue(challenge)}.",
            Sighting.ServerFailed => "The domain's name servers gave this resolver no usable answer: check the delegation and DNSSEC.",
            Sighting.TimedOut or Sighting.Unreachable => "The resolver did not answer; it has no say in this look.",
            Sighting.TooLarge => "There are more or longer TXT records than are read: 200 with 16,384 characters.",
            Sighting.Unreadable => "The answer could not be read, or its aliases lead nowhere.",
            _ => null,
        };
        return new DomainSighting($"{label}: {name} TXT", found, seen is { Length: > DomainSighting.MaxSeen } ? seen[..DomainSighting.MaxSeen] : seen, advice);
    }

    /// <summary>A panel that adds the zone's name to what is typed makes <c>_x.acme.com.acme.com</c> of a full name.</summary>
    private async Task<IReadOnlyList<DomainSighting>> DoubledAsync(IPEndPoint resolver, string label, HostName host, string challenge, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(DnsQuestion.Limit);
        var question = new DnsQuestion(resolver);
        foreach (var zone in new[] { host, hosts.Suffixes.RegistrableOf(host) }.Distinct())
        {
            var name = $"{DomainProof.DnsName(host)}.{zone}";
            if (name.Length > HostName.MaxLength || Judge(await question.TextsAsync(name, followAliases: true, limit.Token), challenge) != Sighting.Proven) continue;
            var typed = DomainProof.DnsName(host)[..^(zone.Value.Length + 1)];
            return [new DomainSighting($"{label}: {name} TXT", Sighting.DoubledZone, DomainProof.DnsValue(challenge), $"The zone {zone} stands twice in the record's name. Enter only {typed} as the name in your DNS panel.")];
        }

        return [];
    }

    private static async Task<bool> IsAnyThereAsync(IReadOnlyList<IPEndPoint> resolvers, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(DnsQuestion.Limit);
        return (await Task.WhenAll(resolvers.Select(r => new DnsQuestion(r).IsThereAsync(limit.Token)))).Contains(true);
    }

    private static bool IsOurs(string text) => text.StartsWith(DomainProof.DnsValuePrefix, StringComparison.OrdinalIgnoreCase);

    // Panels keep the quotation marks that somebody pasted.
    private static string Clean(string text) => text.Trim(' ', '\t', '"');

    private IReadOnlyList<IPEndPoint> Resolvers() => options.Resolvers.Count > 0
        ? [.. options.Resolvers.Select(text => DomainOptions.Endpoint(text)!)] // checked at start
        : [.. NameServer.ResolveNameServers(skipIPv6SiteLocal: true, fallbackToGooglePublicDns: false).Take(DomainOptions.MaxResolvers).Select(n => new IPEndPoint(IPAddress.Parse(n.Address), n.Port))];

    // Which resolvers a private network has is not for its customers.
    private static string Label(IPEndPoint resolver, int index) => OutboundAddress.Judge(resolver.Address) == OutboundAddressKind.Public ? $"resolver {resolver.Address}" : $"resolver {index + 1}";
}
