using System.Text.Json.Nodes;
using TenantIdP.Testing.Hosting;
using TenantIdP.Tests.House;
using TenantIdP.Tests.Webhooks;
using Xunit;

namespace TenantIdP.Tests.Interop;

/// <summary>The receiver of docs/webhooks.md that knows nothing of ours: express and standardwebhooks believe what the whole server sends.</summary>
public abstract class StandardWebhooksTests(IdpHost idp)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Attack", "H1")]
    public async Task It_believes_what_the_secret_signs_once_and_nothing_else()
    {
        await using var app = NodeProgram.Start("webhook-receiver.mjs", []);
        var port = (int)(await app.DoAsync("listen", Ct))["port"]!; // it answers one
        var path = $"/{idp.Unique("hook")}";
        var scene = await WebhookScene.NewAsync(idp, $"http://127.0.0.1:{port}{path}", Ct, "member.*");

        await app.DoAsync("believe", Ct, ("path", path), ("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        Assert.Equal(401, (await scene.TestAsync(Ct)).GetProperty("delivery").GetProperty("status").GetInt32());

        var next = (await scene.RotateAsync(3600, Ct)).GetProperty("secret").GetString();
        foreach (var known in new[] { scene.Secret, next })
        {
            await app.DoAsync("believe", Ct, ("path", path), ("secret", known)); // while they rotate, either
            Assert.Equal(204, (await scene.TestAsync(Ct)).GetProperty("delivery").GetProperty("status").GetInt32());
        }

        await app.DoAsync("believe", Ct, ("path", path), ("secret", scene.Secret), ("other", next));
        await scene.RecordAsync("mem_1", Ct, new { name = "Zoë 🦊" });
        var received = await WebhookScene.WaitAsync(async () => (await app.DoAsync("received", Ct))["received"]!.AsArray(), all => all.Count > 0, Ct); // it answers a list
        var webhook = received[0]!; // there is one
        var id = (string)webhook["data"]!["id"]!; // an event has one
        var tried = (await scene.TriesAsync(id, 1, Ct))[0];
        using (var replayed = await scene.ReplayAsync(tried.GetProperty("id").GetString()!, Ct)) Assert.True(replayed.IsSuccessStatusCode); // each has one
        await scene.TriesAsync(id, 2, Ct);

        Assert.Equal(("member.joined", "mem_1", "Zoë 🦊"), ((string?)webhook["type"], (string?)webhook["data"]!["target"], (string?)webhook["data"]!["personal"]!["name"])); // as above
        Assert.Single((await app.DoAsync("received", Ct))["received"]!.AsArray()); // as above
    }
}

[Collection(SqliteHost.Name)]
public sealed class StandardWebhooksOnSqlite(SqliteIdp idp) : StandardWebhooksTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class StandardWebhooksOnPostgreSql(PostgreSqlIdp idp) : StandardWebhooksTests(idp);

public sealed class WebhooksPageTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_page_shows_the_program_that_runs_here()
    {
        var program = await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "tests/interop/webhooks.mjs"), Ct);

        Assert.Contains($"```js\n{program}```", await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "docs/webhooks.md"), Ct), StringComparison.Ordinal);
    }
}
