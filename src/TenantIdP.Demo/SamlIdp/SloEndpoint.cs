using System.IO.Compression;
using System.Text;
using System.Xml;
using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.SamlIdp;

/// <summary>Single logout (Profiles 4.4), asked for by an application or by the button on the home page.</summary>
internal sealed class SloEndpoint(SamlIdpState state, SamlIdpPages pages)
{
    private static readonly TimeSpan UsableFor = TimeSpan.FromMinutes(5);

    public void Map(WebApplication idp)
    {
        idp.MapMethods("/slo", [HttpMethods.Get, HttpMethods.Post], ReceiveAsync);
        idp.MapPost("/sign-out", (HttpContext context) => GoOn(LogoutRound.Of(state.EndSession(context), askedBy: null))).AddEndpointFilter<SameOriginFilter>();
    }

    private async Task<IResult> ReceiveAsync(HttpContext context, CancellationToken ct)
    {
        var (message, refusal) = await SamlMessage.ReadAsync(context.Request, ct);
        if (message is null)
            return CannotHappen(refusal);
        // Whatever an application answered, the others still have to be told.
        if (LogoutRequest.IsAnswer(message))
            return state.Logouts.TryTake(message.RelayState, out var round) ? GoOn(round) : pages.SignedOut();

        var (request, judged) = LogoutRequest.Read(message, state);
        return request is null ? CannotHappen(judged) : End(context, request);
    }

    private IResult End(HttpContext context, LogoutRequest request)
    {
        var ours = state.TryGetSession(context, out var cookie) ? cookie : null;
        var named = request.SessionIndexes.Select(index => state.TryGetSession(index, out var found) ? found : null).OfType<SamlSession>();
        var meant = (request.SessionIndexes.Count > 0 ? named : ours is null ? [] : [ours]).Where(session => session.Person.Subject == request.NameId).ToList();
        if (meant.Count == 0 && ours is not null)
            return Answer(request, SamlNames.Requester, SamlNames.UnknownPrincipal);

        foreach (var session in meant) session.End();
        if (ours is { HasEnded: true }) state.EndSession(context);
        return GoOn(LogoutRound.Of(meant.FirstOrDefault(), request));
    }

    private IResult GoOn(LogoutRound round)
    {
        if (round is not { Ended: { } session, Rest: [{ Slo: { } address }, .. var rest] })
            return round.AskedBy is { } asked ? Answer(asked, SamlNames.Success, detail: null) : pages.SignedOut();

        var document = SamlXml.Write(xml =>
        {
            var now = state.Clock.GetUtcNow();
            xml.StartMessage("LogoutRequest", state.EntityId, address, inResponseTo: null, now);
            xml.PersistentNameId(session.Person.Subject);
            xml.WriteElementString("samlp", "SessionIndex", SamlNames.Protocol, session.Index);
            xml.WriteEndElement();
        });
        document.DocumentElement!.SetAttribute("NotOnOrAfter", SamlXml.Time(state.Clock.GetUtcNow() + UsableFor)); // written above
        return Redirect(address, "SAMLRequest", document, state.Logouts.Put(round with { Rest = rest }));
    }

    private IResult Answer(LogoutRequest request, string code, string? detail)
    {
        if (state.Find(request.Issuer)?.Slo is not { } address)
            return pages.SignedOut();

        var document = SamlXml.Write(xml =>
        {
            xml.StartMessage("LogoutResponse", state.EntityId, address, request.Id, state.Clock.GetUtcNow());
            xml.Status(code, detail);
            xml.WriteEndElement();
        });
        return Redirect(address, "SAMLResponse", document, request.RelayState);
    }

    // Bindings 3.4.4: deflated, and signed as a query, not as XML.
    private SeeOther Redirect(Uri address, string parameter, XmlDocument message, string? relayState)
    {
        var deflated = new MemoryStream();
        using (var stream = new DeflateStream(deflated, CompressionLevel.Optimal)) stream.Write(Encoding.UTF8.GetBytes(message.OuterXml));

        var query = $"{parameter}={Uri.EscapeDataString(Convert.ToBase64String(deflated.ToArray()))}";
        if (relayState is not null) query += $"&RelayState={Uri.EscapeDataString(relayState)}";
        return new($"{address.AbsoluteUri}?{state.Signing.SignQuery(query)}");
    }

    private IResult CannotHappen(string? sentence) => pages.Failure("This sign-out cannot start", sentence ?? "The request could not be read.");
}
