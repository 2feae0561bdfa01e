using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.Dns;

/// <summary>The page of the sandbox: what a DNS panel is elsewhere, and the claims of the demo's organizations with the record that each waits for.</summary>
internal sealed class DnsPages(DnsSandbox sandbox, IServiceProvider server, DemoHosts hosts)
{
    public const string Path = "/dns";

    private sealed record Claim(Id<Organization> Organization, string OrganizationName, OrganizationDomain Domain);

    public void Map(WebApplication site)
    {
        site.MapGet(Path, (CancellationToken ct) => RenderAsync(null, ct));
        var forms = site.MapGroup(Path).AddEndpointFilter<SameOriginFilter>();
        forms.MapPost("/records", AddAsync);
        forms.MapPost("/records/remove", RemoveAsync);
        forms.MapPost("/verify", VerifyAsync);
    }

    private async Task<IResult> AddAsync(HttpRequest request, CancellationToken ct)
    {
        if (await PostedForm.ReadAsync(request, ct) is not { } form) return TypedResults.Text(PostedForm.Expected, statusCode: StatusCodes.Status400BadRequest);
        var added = sandbox.Add(new DnsRecord(form["name"].ToString().Trim().TrimEnd('.'), form["value"].ToString().Trim()));
        return added ? new SeeOther(Path) : await RenderAsync("A record has a name such as _tenantidp-challenge.initech.test and a value of at most 255 characters.", ct);
    }

    private async Task<IResult> RemoveAsync(HttpRequest request, CancellationToken ct)
    {
        if (await PostedForm.ReadAsync(request, ct) is not { } form) return TypedResults.Text(PostedForm.Expected, statusCode: StatusCodes.Status400BadRequest);
        sandbox.Remove(new DnsRecord(form["name"].ToString(), form["value"].ToString()));
        return new SeeOther(Path);
    }

    /// <summary>Publishes the record that a claim waits for, and looks for it as its administrator would.</summary>
    private async Task<IResult> VerifyAsync(HttpRequest request, CancellationToken ct)
    {
        if (await PostedForm.ReadAsync(request, ct) is not { } form) return TypedResults.Text(PostedForm.Expected, statusCode: StatusCodes.Status400BadRequest);
        var claim = (await ClaimsAsync(ct)).FirstOrDefault(c => c.Domain.Id.ToString() == form["domain"].ToString());
        if (claim is null) return await RenderAsync("There is no such claim any more.", ct);
        sandbox.Add(new DnsRecord(DomainProof.DnsName(claim.Domain.Host), DomainProof.DnsValue(claim.Domain.Challenge)));

        await using var scope = server.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<IdpDbContext>().EnterOrganization(claim.Organization);
        var looked = await scope.ServiceProvider.GetRequiredService<DomainProofs>().VerifyAsync(claim.Organization, claim.Domain.Id, VerificationMethod.Dns, ct);
        return looked.IsOk ? new SeeOther(Path) : await RenderAsync(looked.Error.Message, ct);
    }

    private async Task<IReadOnlyList<Claim>> ClaimsAsync(CancellationToken ct)
    {
        await using var scope = server.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IdpDbContext>();
        var claims = new List<Claim>();
        foreach (var organization in await db.Organizations.AsNoTracking().OrderBy(o => o.Id).Select(o => new { o.Id, o.DisplayName }).ToListAsync(ct))
        {
            db.EnterOrganization(organization.Id);
            claims.AddRange((await db.Domains.AsNoTracking().OrderBy(d => d.Id).ToListAsync(ct)).Where(d => d.VerifiedBy != VerificationMethod.Operator).Select(d => new Claim(organization.Id, organization.DisplayName, d)));
        }

        return claims;
    }

    private async Task<IResult> RenderAsync(string? problem, CancellationToken ct)
    {
        var claims = await ClaimsAsync(ct);
        return Page.Wide("TenantIdP demo", "DNS sandbox", Html.Of($"""<nav aria-label="Main"><a href="{hosts.Map}">Demo map</a><a href="{Path}" aria-current="page">DNS</a></nav>"""), Html.Of($"""
            <div class="title">
              <div><h1>DNS sandbox</h1><p class="muted">The only resolver that TenantIdP asks in this demo. What you publish here is what the world sees: add a record, take it away, and watch a domain's proof come and go.</p></div>
            </div>
            {Html.When(problem is not null, () => Page.Alert("error", problem ?? ""))}
            <section class="card" aria-labelledby="claims">
              <h2 id="claims">Domains that are proven by DNS</h2>
              {(claims.Count == 0 ? Html.Of($"""<p class="muted">No organization has claimed one.</p>""") : Html.Join(claims.Select(Row)))}
            </section>
            <section class="card" aria-labelledby="records">
              <h2 id="records">TXT records</h2>
              {(sandbox.Records.Count == 0 ? Html.Of($"""<p class="muted">There are none yet.</p>""") : Html.Join(sandbox.Records.Select(Row)))}
              <form method="post" action="{Path}/records">
                <p><label for="name">Name</label> <input id="name" name="name" required maxlength="253" autocomplete="off"></p>
                <p><label for="value">Value</label> <input id="value" name="value" required maxlength="255" autocomplete="off"></p>
                <p><button class="button" type="submit">Add the record</button></p>
              </form>
            </section>
            """), problem is null ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest);
    }

    private static Html Row(Claim claim) => Html.Of($"""
        <h3>{claim.Domain.Host.Value} <span class="tag">{claim.Domain.Status.ToString()}</span></h3>
        <p class="muted">{claim.OrganizationName}. The record: <code class="all">{DomainProof.DnsName(claim.Domain.Host)}</code> TXT <code class="all">{DomainProof.DnsValue(claim.Domain.Challenge)}</code></p>
        <form method="post" action="{Path}/verify"><input type="hidden" name="domain" value="{claim.Domain.Id.ToString()}"><button class="button" type="submit">Simulate DNS: publish and verify {claim.Domain.Host.Value}</button></form>
        """);

    private static Html Row(DnsRecord record) => Html.Of($"""
        <p><code class="all">{record.Name}</code> TXT <code class="all">{record.Value}</code></p>
        <form method="post" action="{Path}/records/remove"><input type="hidden" name="name" value="{record.Name}"><input type="hidden" name="value" value="{record.Value}"><button class="button quiet" type="submit">Remove {record.Name}</button></form>
        """);
}
