using System.Text;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Server.Http.Outbound;

namespace TenantIdP.Server.Proofs;

/// <summary>The proof by a file of a fixed name whose content is the token: below <c>/.well-known/</c> (RFC 8615), then in the root.</summary>
public sealed class FileProof(WebPage pages)
{
    private const int MaxBytes = 1024;

    private static readonly WebLimits Limits = new(OutboundRedirects.ApexOrWww, null, MaxBytes);

    public async Task<DomainEvidence> LookAsync(HostName host, string challenge, string caller, CancellationToken ct)
    {
        var seen = new List<DomainSighting>();
        foreach (var path in new[] { DomainProof.WellKnownPath, DomainProof.RootPath })
        {
            var url = new Uri($"https://{host}{path}");
            var answer = await pages.ReadAsync(url, Limits, caller, ct);
            var sighting = answer is { Failure: null, Content: { } content }
                ? Tell(url, await content.ReadAsByteArrayAsync(ct), challenge)
                : new DomainSighting(url.AbsoluteUri, answer.Failure ?? Sighting.Unreadable, answer.Seen, answer.Advice);
            seen.Add(sighting);
            if (sighting.Found == Sighting.Proven) return new DomainEvidence(VerificationMethod.File, true, true, seen);
        }

        return new DomainEvidence(VerificationMethod.File, false, true, seen);
    }

    private static DomainSighting Tell(Uri url, byte[] body, string challenge) => Judge(body, challenge) switch
    {
        (Sighting.Proven, _) => new DomainSighting(url.AbsoluteUri, Sighting.Proven),
        (var found, var other) => new DomainSighting(url.AbsoluteUri, found, other ?? $"{body.Length} bytes of something else", $"The file must hold {challenge} and nothing else."),
    };

    /// <summary>Spaces and line ends around the token, and a byte order mark, are an editor's.</summary>
    public static (Sighting Found, string? Other) Judge(ReadOnlySpan<byte> body, string challenge)
    {
        if (body.StartsWith(Encoding.UTF8.Preamble)) body = body[Encoding.UTF8.Preamble.Length..];
        var text = Encoding.Latin1.GetString(body).Trim(' ', '\t', '\r', '\n');
        if (text == challenge) return (Sighting.Proven, null);
        // Another token of ours is shown; whatever else a server answers stays with it.
        return MachineSecret.IsOf("", text) ? (Sighting.WrongValue, text) : (Sighting.WrongValue, null);
    }
}
