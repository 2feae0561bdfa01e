using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Server.Http.Outbound;

namespace TenantIdP.Server.Proofs;

/// <summary>The proof by a meta tag in the head of the site's first page: at the domain, then at its www.</summary>
public sealed class MetaTagProof(WebPage pages, ClaimableHosts hosts)
{
    private const int MaxBytes = 512 * 1024;

    // A head has some tens. Beyond this it is made to cost: formatting elements multiply while they are read.
    private const int MaxElements = 2_000;

    public async Task<DomainEvidence> LookAsync(HostName host, string challenge, string caller, CancellationToken ct)
    {
        var limits = new WebLimits(OutboundRedirects.WithinDomain, hosts.Suffixes.RegistrableOf(host), MaxBytes);
        var seen = new List<DomainSighting>();
        foreach (var url in new[] { new Uri($"https://{host}/"), new Uri($"https://www.{host}/") })
        {
            var answer = await pages.ReadAsync(url, limits, caller, ct);
            var sighting = answer is { Failure: null, Content: { } content }
                ? await ReadAsync(url, content, challenge, ct)
                : new DomainSighting(url.AbsoluteUri, answer.Failure ?? Sighting.Unreadable, answer.Seen, answer.Advice);
            seen.Add(sighting);
            if (sighting.Found == Sighting.Proven) return new DomainEvidence(VerificationMethod.MetaTag, true, true, seen);
        }

        return new DomainEvidence(VerificationMethod.MetaTag, false, true, seen);
    }

    private static async Task<DomainSighting> ReadAsync(Uri url, HttpContent content, string challenge, CancellationToken ct)
    {
        try
        {
            await using var body = await content.ReadAsStreamAsync(ct);
            var (found, other) = Judge(body, challenge);
            return found switch
            {
                Sighting.WrongValue => new DomainSighting(url.AbsoluteUri, found, other, $"Replace the tag by {DomainProof.MetaTag(challenge)}."),
                Sighting.Nothing => new DomainSighting(url.AbsoluteUri, found, null, $"Put {DomainProof.MetaTag(challenge)} into the head of the page as the server sends it; what a script adds is not seen."),
                _ => new DomainSighting(url.AbsoluteUri, found),
            };
        }
        catch (TooManyElementsException)
        {
            return new DomainSighting(url.AbsoluteUri, Sighting.TooLarge, null, $"The head of the page has more than {MaxElements} elements.");
        }
    }

    /// <summary>
    /// What stands directly in the head as a browser without scripts builds it (HTML section 13.2): not in the body, which may hold what visitors wrote, nor in comments, templates
    /// or noscript.
    /// </summary>
    public static (Sighting Found, string? Other) Judge(Stream html, string challenge)
    {
        var elements = 0;
        var parser = new HtmlParser(new HtmlParserOptions
        {
            OnCreated = (_, _) =>
            {
                if (++elements > MaxElements) throw new TooManyElementsException();
            },
        });
        var values = (parser.ParseHead(html)?.Children ?? Enumerable.Empty<AngleSharp.Dom.IElement>()).OfType<IHtmlMetaElement>()
            .Where(meta => string.Equals(meta.Name?.Trim(), DomainProof.MetaName, StringComparison.OrdinalIgnoreCase)).Select(meta => (meta.Content ?? "").Trim()).ToList();
        if (values.Contains(challenge, StringComparer.Ordinal)) return (Sighting.Proven, null);
        return values.Count > 0 ? (Sighting.WrongValue, values[0].Length > DomainSighting.MaxSeen ? values[0][..DomainSighting.MaxSeen] : values[0]) : (Sighting.Nothing, null);
    }

    private sealed class TooManyElementsException : Exception;
}
