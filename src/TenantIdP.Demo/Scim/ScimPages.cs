using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.Scim;

/// <summary>The page on which somebody plays Acme's directory: whom it has, what it sends, what it is answered.</summary>
internal sealed class ScimPages(ScimRuns runs, ScimAccess access)
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="role">Null while it can't be said.</param>
    public IResult Show(ScimDialect dialect, GroupRoleState? role)
    {
        var latest = runs.Latest;
        return Page.Wide("TenantIdP demo", "Directory sync", Bar(), Html.Of($"""
            <div class="title">
              <div><h1>Acme's directory</h1><p class="muted">Acme's identity provider tells TenantIdP by SCIM about 25 people and 3 groups.</p></div>
              <form method="post" action="{ScimSite.PushPath}">{Chosen(dialect)}<button class="button primary"{Unless(latest)}>Push all as {dialect.Name}</button></form>
            </div>
            <nav class="actions" aria-label="Dialect">{Html.Join(ScimDialect.All.Select(one => Dialect(one, one == dialect)))}</nav>
            <p class="muted">{dialect.About}. It sends to <code class="all">{access.BaseUrl}</code> with a token that was made when the demo started.</p>
            {(latest is null ? Html.None : State(latest))}
            {(role is null ? Html.None : Role(dialect, role))}
            {People(dialect, latest)}
            {(latest is null ? Html.Of($"""<p class="muted" id="sent">Nothing has been sent yet.</p>""") : Sent(latest))}
            """));
    }

    private static Html Bar() => Html.Of($"""<nav aria-label="Main"><a href="/">Demo map</a><a href="{ScimSite.PagePath}" aria-current="page">Directory sync</a></nav><span class="tag dev">Development only</span>""");

    private static Html Chosen(ScimDialect dialect) => Html.Of($"""<input type="hidden" name="dialect" value="{dialect.Key}">""");

    private static Html Unless(ScimRun? latest) => Html.When(latest is { IsDone: false }, () => Html.Of($" disabled"));

    private static Html Dialect(ScimDialect dialect, bool isChosen) => isChosen
        ? Html.Of($"""<a class="button" href="{ScimSite.Address(dialect)}" aria-current="true">{dialect.Name}</a>""")
        : Html.Of($"""<a class="button" href="{ScimSite.Address(dialect)}">{dialect.Name}</a>""");

    private static Html State(ScimRun run)
    {
        var all = run.Exchanges;
        var refused = all.Count(e => !e.IsOk);
        var sent = Html.Of($"""<p><a href="#sent">See what was sent and answered</a></p>""");
        if (!run.IsDone) return Page.Alert("warning", $"{run.Title}: {Number(all.Count)} requests so far. This page shows the next ones by itself.");
        var took = TimeSpan.FromTicks(all.Sum(e => e.Took.Ticks));
        return Html.Join([refused == 0
            ? Page.Alert("success", $"{run.Title}: {Number(all.Count)} requests in {Seconds(took)}, none was refused.")
            : Page.Alert("danger", $"{run.Title}: {Number(refused)} of {Number(all.Count)} requests were refused. The first: {all.First(e => !e.IsOk).Detail ?? "without a word"}"), sent]);
    }

    private static Html Role(ScimDialect dialect, GroupRoleState role) => Html.Of($"""
        <section class="card" aria-labelledby="role">
          <h2 id="role">What {GroupRole.GroupName} gives</h2>
          {role switch
          {
              { GroupId: null } => Html.Of($"""<p class="muted">Push first: then the group {GroupRole.GroupName} can give its people a role at Acme.</p>"""),
              { IsMapped: true } => Html.Of($"""<p><span class="tag success">mapped</span> Whoever comes into {GroupRole.GroupName} has the role {GroupRole.RoleName}, and whoever leaves loses it.</p>"""),
              _ => Html.Of($"""
                  <p>{Number(role.Gains)} people gain the role {GroupRole.RoleName} at once, and whoever comes into the group later. Whoever leaves it loses the role.</p>
                  <form method="post" action="{ScimSite.MapPath}">{Chosen(dialect)}<button class="button">Give {GroupRole.GroupName} the role {GroupRole.RoleName}</button></form>
                  """),
          }}
        </section>
        """);

    private Html People(ScimDialect dialect, ScimRun? latest) => Html.Of($"""
        <div class="scroll">
          <table class="rows">
            <caption><h2>People</h2>Whoever is removed is signed out everywhere at Acme within five seconds, and loses what their groups gave them.</caption>
            <thead><tr><th scope="col">Person</th><th scope="col">Title</th><th scope="col">Groups</th><th scope="col">Access</th><td></td></tr></thead>
            <tbody>{Html.Join(SourceDirectory.People.Select(person => Row(dialect, person, latest)))}</tbody>
          </table>
        </div>
        """);

    private Html Row(ScimDialect dialect, SourcePerson person, ScimRun? latest)
    {
        var isRemoved = runs.IsRemoved(person);
        var groups = SourceDirectory.Groups.Where(g => g.Members.Contains(person.Key)).Select(g => Html.Of($"""<span class="tag">{g.Name}</span> """));
        return Html.Of($"""
            <tr>
              <th scope="row"><span lang="{person.Language}" dir="auto">{person.Name}</span><br><code class="all address">{person.Email}</code></th>
              <td data-label="Title">{person.Title}</td>
              <td data-label="Groups">{Html.Join(groups)}</td>
              <td data-label="Access">{(isRemoved ? Html.Of($"""<span class="tag">removed</span>""") : Html.Of($"""<span class="tag success">assigned</span>"""))}</td>
              <td class="action"><form method="post" action="{(isRemoved ? ScimSite.BackPath(person) : ScimSite.RemovePath(person))}">{Chosen(dialect)}<button class="button" aria-label="{(isRemoved ? "Bring back" : "Remove")} {person.Name}"{Unless(latest)}>{(isRemoved ? "Bring back" : "Remove")}</button></form></td>
            </tr>
            """);
    }

    private static Html Sent(ScimRun run) => Html.Of($"""
        <div class="scroll">
          <table class="rows" id="sent">
            <caption><h2>What was sent and answered</h2>{run.Title}, begun at {run.StartedAt.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} UTC.</caption>
            <thead><tr><th scope="col">Step</th><th scope="col">Request</th><th scope="col">Answer</th><th scope="col" class="number">Took</th></tr></thead>
            <tbody>{Html.Join(run.Exchanges.Select(Exchange))}</tbody>
          </table>
        </div>
        """);

    private static Html Exchange(ScimExchange exchange)
    {
        var status = exchange.Status is { } code ? Number(code) : "none";
        var kind = exchange.IsOk ? "tag success" : "tag dev";
        return Html.Of($"""
            <tr>
              <th scope="row">{exchange.Request.Purpose}</th>
              <td data-label="Request"><code>{exchange.Request.Method.Method} {exchange.Request.Path}</code>{Body("Sent", exchange.Request.Purpose, exchange.Request.Body)}</td>
              <td data-label="Answer"><span class="{kind}">{status}</span> {exchange.Detail ?? ""}{Body("Answered", exchange.Request.Purpose, exchange.Answer)}</td>
              <td class="number" data-label="Took">{Milliseconds(exchange.Took)}</td>
            </tr>
            """);
    }

    private static Html Body(string what, string purpose, JsonNode? json) => json is null ? Html.None : Html.Of($"""
        <details><summary>{what}</summary><pre tabindex="0" role="region" aria-label="{what}: {purpose}">{json.ToJsonString(Readable)}</pre></details>
        """);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0}\u00a0s");

    private static string Milliseconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0}\u00a0ms");
}
