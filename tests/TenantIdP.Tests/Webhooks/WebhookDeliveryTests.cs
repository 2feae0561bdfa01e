using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Client;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Webhooks;
using TenantIdP.Testing.Hosting;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Webhooks;

/// <summary>From the change to the receiver, through the whole server: sealer, outbox, guarded client, and a receiver on Kestrel.</summary>
public abstract class WebhookDeliveryTests(IdpHost idp)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Attack", "H1")]
    public async Task An_event_arrives_signed_and_is_what_the_feed_says()
    {
        await using var receiver = await HookReceiver.StartAsync(Ct);
        var scene = await WebhookScene.NewAsync(idp, receiver.Url, Ct, "member.*");
        var user = await idp.CreateUserAsync($"{idp.Unique("p")}@example.test", Ct);
        await idp.UseAsync<Core.Members.MemberService, Core.Members.Member>(s => s.AddAsync(scene.Organization, user.Id, [BuiltInRoles.Member], Granter.Instance, Ct), scene.Organization);

        var hook = await receiver.NextAsync(h => h.Type == EventTypes.MemberJoined, Ct);

        Assert.Equal(WebhookVerdict.Valid, hook.Verify(scene.Secret));
        Assert.Equal(("application/json", "TenantIdP-Webhooks/1.0"), (hook.ContentType, hook.Agent));
        var fed = Assert.Single((await scene.GetAsync("events?type=member.joined", Ct)).GetProperty("data").EnumerateArray());
        Assert.True(JsonElement.DeepEquals(fed, hook.Json.GetProperty("data")), $"{fed}\n{hook.Json}");
        Assert.Equal(fed.GetProperty("id").GetString(), hook.Id);
        Assert.Equal(fed.GetProperty("occurredAt").GetString(), hook.Json.GetProperty("timestamp").GetString());
        Assert.Equal(["data", "timestamp", "type"], hook.Json.EnumerateObject().Select(p => p.Name).Order());
    }

    [Fact]
    [Trait("Attack", "H2")]
    public async Task An_organization_is_sent_its_own_events_and_the_instance_those_of_all()
    {
        await using var ours = await HookReceiver.StartAsync(Ct);
        await using var theirs = await HookReceiver.StartAsync(Ct);
        await using var all = await HookReceiver.StartAsync(Ct);
        var mine = await WebhookScene.NewAsync(idp, ours.Url, Ct, "*");
        var other = await WebhookScene.NewAsync(idp, theirs.Url, Ct, "*");
        var instance = await idp.UseAsync<WebhookService, MadeWebhook>(s => s.CreateAsync(Organization.Instance, new WebhookSettings(all.Url, null, ["member.*"]), Granter.Instance, Ct));

        await mine.RecordAsync("mem_mine", Ct);
        await other.RecordAsync("mem_theirs", Ct);
        await mine.RecordAsync("mem_last", Ct);

        var seen = new List<Hook>();
        while (seen.Count == 0 || seen[^1].Target != "mem_last") seen.Add(await ours.NextAsync(Ct));
        Assert.All(seen, h => Assert.Equal(mine.Organization.ToString(), h.Json.GetProperty("data").GetProperty("organizationId").GetString()));
        await theirs.NextAsync(h => h.Target == "mem_theirs", Ct);
        var order = new List<string>();
        while (order.Count < 3)
        {
            var hook = await all.NextAsync(Ct);
            if (!hook.Target.StartsWith("mem_", StringComparison.Ordinal) || hook.Target is not ("mem_mine" or "mem_theirs" or "mem_last")) continue; // other tests record as well
            Assert.Equal(WebhookVerdict.Valid, hook.Verify(instance.Secret));
            Assert.Equal(WebhookVerdict.NotSigned, hook.Verify(mine.Secret, other.Secret));
            order.Add(hook.Target);
        }

        Assert.Equal(["mem_mine", "mem_theirs", "mem_last"], order); // across organizations, too
        await using var scope = idp.Services.CreateAsyncScope();
        Assert.True((await scope.ServiceProvider.GetRequiredService<WebhookService>().DeleteAsync(Organization.Instance, instance.Endpoint.Id, Ct)).IsOk);
    }

    [Fact]
    public async Task One_that_failed_comes_again_with_the_same_id_and_what_follows_waits_for_it()
    {
        await using var receiver = await HookReceiver.StartAsync(Ct);
        receiver.Answer = (_, context) => Task.FromResult(context.Response.StatusCode = receiver.Count == 1 ? 500 : 200);
        var scene = await WebhookScene.NewAsync(idp, receiver.Url, Ct, "member.*");

        await scene.RecordAsync("first", Ct);
        var failed = await receiver.NextAsync(Ct);
        await scene.RecordAsync("second", Ct);
        var (again, next) = (await receiver.NextAsync(Ct), await receiver.NextAsync(Ct));

        Assert.Equal(("first", "first", "second"), (failed.Target, again.Target, next.Target));
        Assert.Equal(failed.Id, again.Id);
        Assert.Equal(failed.Body, again.Body);
        Assert.Equal((WebhookVerdict.Valid, WebhookVerdict.Valid), (again.Verify(scene.Secret), next.Verify(scene.Secret)));
        Assert.NotEqual(failed.Signature, again.Signature); // of its own time
        var tries = await scene.TriesAsync(failed.Id, 2, Ct);
        Assert.Equal([(1, false, 500), (2, true, 200)], tries.Select(t => (t.GetProperty("try").GetInt32(), t.GetProperty("arrived").GetBoolean(), t.GetProperty("status").GetInt32())));
        Assert.Equal("status", tries[0].GetProperty("failure").GetString());
        Assert.Equal(JsonValueKind.String, tries[0].GetProperty("nextTryAt").ValueKind);
        Assert.Equal(JsonValueKind.Null, (await scene.EndpointAsync(Ct)).GetProperty("failingSince").ValueKind);
    }

    [Fact]
    public async Task An_endpoint_that_is_gone_is_disabled_and_what_waits_goes_out_in_order_when_it_is_enabled()
    {
        await using var receiver = await HookReceiver.StartAsync(Ct, (_, context) => Task.FromResult(context.Response.StatusCode = 410));
        var scene = await WebhookScene.NewAsync(idp, receiver.Url, Ct, "member.*");
        await scene.RecordAsync("first", Ct);
        var gone = await receiver.NextAsync(Ct);

        var endpoint = await WebhookScene.WaitAsync(() => scene.EndpointAsync(Ct), e => e.GetProperty("status").GetString() == "disabled", Ct);
        Assert.Equal(("gone", "system"), (endpoint.GetProperty("disabled").GetProperty("reason").GetString(), endpoint.GetProperty("disabled").GetProperty("by").GetString()));
        var notice = await WebhookScene.WaitAsync(async () => (await scene.GetAsync("events?type=webhook.disabled", Ct)).GetProperty("data"), data => data.GetArrayLength() == 1, Ct);
        Assert.Equal("gone", notice[0].GetProperty("data").GetProperty("reason").GetString());
        await scene.RecordAsync("meanwhile", Ct);
        await WebhookScene.WaitAsync(async () => (await scene.GetAsync("events?type=member.joined", Ct)).GetProperty("data").GetArrayLength(), count => count == 2, Ct); // it is sealed, and nobody was told

        receiver.Answer = (_, context) => Task.FromResult(context.Response.StatusCode = 204);
        await scene.ChangeAsync(new { enabled = true }, Ct);
        await scene.RecordAsync("after", Ct);

        var (resumed, after) = (await receiver.NextAsync(Ct), await receiver.NextAsync(Ct));
        Assert.Equal((gone.Id, "after"), (resumed.Id, after.Target));
        Assert.Equal(3, receiver.Count);
    }

    [Fact]
    [Trait("Attack", "H1")]
    public async Task While_secrets_rotate_both_sign_and_after_that_the_new_one_alone()
    {
        await using var receiver = await HookReceiver.StartAsync(Ct);
        var scene = await WebhookScene.NewAsync(idp, receiver.Url, Ct, "member.*");
        var next = (await scene.RotateAsync(3600, Ct)).GetProperty("secret").GetString()!; // it answers one

        await scene.RecordAsync("both", Ct);
        var both = await receiver.NextAsync(Ct);
        Assert.Equal((WebhookVerdict.Valid, WebhookVerdict.Valid), (both.Verify(scene.Secret), both.Verify(next)));
        var last = (await scene.RotateAsync(0, Ct)).GetProperty("secret").GetString()!; // as above
        await scene.RecordAsync("one", Ct);
        var one = await receiver.NextAsync(Ct);

        Assert.Equal((WebhookVerdict.NotSigned, WebhookVerdict.NotSigned, WebhookVerdict.Valid), (one.Verify(scene.Secret), one.Verify(next), one.Verify(last)));
    }

    [Fact]
    public async Task A_delivery_is_sent_again_with_the_id_it_had_and_a_test_is_not()
    {
        await using var receiver = await HookReceiver.StartAsync(Ct);
        var scene = await WebhookScene.NewAsync(idp, receiver.Url, Ct, "member.*");
        await scene.RecordAsync("first", Ct);
        var hook = await receiver.NextAsync(Ct);
        var first = (await scene.TriesAsync(hook.Id, 1, Ct))[0].GetProperty("id").GetString()!; // each has one

        using (var replayed = await scene.ReplayAsync(first, Ct)) Assert.True(replayed.IsSuccessStatusCode, await replayed.Content.ReadAsStringAsync(Ct));
        var again = await receiver.NextAsync(Ct);
        Assert.Equal(hook.Id, again.Id);
        Assert.Equal(hook.Body, again.Body);
        Assert.Equal(["event", "replay"], (await scene.TriesAsync(hook.Id, 2, Ct)).Select(t => t.GetProperty("cause").GetString()));

        var test = await scene.TestAsync(Ct);
        var tested = await receiver.NextAsync(Ct);
        Assert.Equal(("webhook.test", WebhookVerdict.Valid), (tested.Type, tested.Verify(scene.Secret)));
        Assert.Equal((true, 204), (test.GetProperty("delivery").GetProperty("arrived").GetBoolean(), test.GetProperty("delivery").GetProperty("status").GetInt32()));
        using var refused = await scene.ReplayAsync(test.GetProperty("delivery").GetProperty("id").GetString()!, Ct); // as above
        await AssertProblem.IsAsync(refused, HttpStatusCode.Conflict, "webhook_not_replayable", Ct);

        await scene.ChangeAsync(new { enabled = false }, Ct);
        using var disabled = await scene.ReplayAsync(first, Ct);
        await AssertProblem.IsAsync(disabled, HttpStatusCode.Conflict, "webhook_disabled", Ct);
        Assert.True((await scene.TestAsync(Ct)).GetProperty("delivery").GetProperty("arrived").GetBoolean()); // that is when somebody wants to know
    }

    [Fact]
    [Trait("Attack", "F7")]
    public async Task The_log_keeps_no_personal_data_no_secret_and_no_control_characters_of_what_was_sent_or_answered()
    {
        await using var receiver = await HookReceiver.StartAsync(Ct);
        var scene = await WebhookScene.NewAsync(idp, receiver.Url, Ct, "member.*");
        receiver.Answer = async (hook, context) =>
        {
            await context.Response.WriteAsync($"\u001b[31mtook\u0000 it\r\n{scene.Secret} Bearer abcdefghijklmnop {hook.Signature} other@example.test ", context.RequestAborted);
            await context.Response.Body.WriteAsync(hook.Body, context.RequestAborted); // as frameworks do in their error pages
            await context.Response.WriteAsync(new string('x', 5_000), context.RequestAborted);
        };
        await scene.RecordAsync("mem_1", Ct, new { email = "jane@example.test", name = "Jane Personal", city = "Zoë’s" });
        var hook = await receiver.NextAsync(Ct);
        Assert.Equal("Jane Personal", hook.Json.GetProperty("data").GetProperty("personal").GetProperty("name").GetString());

        var id = (await scene.TriesAsync(hook.Id, 1, Ct))[0].GetProperty("id").GetString()!; // each has one
        var kept = await scene.DeliveryAsync(id, Ct);

        var (request, response) = (kept.GetProperty("request").GetString()!, kept.GetProperty("response").GetString()!); // there was an answer
        Assert.Contains("took", response, StringComparison.Ordinal);
        Assert.True(response.Length <= WebhookDelivery.MaxResponse, $"{response.Length}");
        Assert.Equal("[redacted]", JsonDocument.Parse(request).RootElement.GetProperty("data").GetProperty("personal").GetString());
        foreach (var text in new[] { request, response })
        {
            foreach (var never in new[] { "Jane", "jane@", "Zo", "other@", scene.Secret, "abcdefghijklmnop", hook.Signature[3..], "\u001b", "\0" }) Assert.DoesNotContain(never, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_was_erased_meanwhile_is_not_sent_any_more()
    {
        await using var receiver = await HookReceiver.StartAsync(Ct);
        receiver.Answer = (_, context) => Task.FromResult(context.Response.StatusCode = receiver.Count == 1 ? 503 : 200);
        var scene = await WebhookScene.NewAsync(idp, receiver.Url, Ct, "member.*");
        var user = await idp.CreateUserAsync($"{idp.Unique("p")}@example.test", Ct);
        await scene.RecordAsync("mem_1", Ct, new { name = "Jane" }, user.Id);
        var before = await receiver.NextAsync(Ct);

        await idp.InScopeAsync<EventErasure, int>(e => e.EraseUsersAsync([user.Id], Ct));
        var after = await receiver.NextAsync(Ct);

        Assert.Equal(before.Id, after.Id);
        Assert.Equal((JsonValueKind.Object, JsonValueKind.Null), (PersonalOf(before), PersonalOf(after)));
        Assert.DoesNotContain("Jane", await idp.ReadAsync(async db => string.Join('\n', await db.OutboxMessages.IgnoreQueryFilters([Core.IdpDbContext.OrganizationFilter]).Select(m => m.Payload).ToListAsync(Ct))), StringComparison.Ordinal);

        static JsonValueKind PersonalOf(Hook hook) => hook.Json.GetProperty("data").GetProperty("personal").ValueKind;
    }

    [Fact]
    [Trait("Attack", "G1")]
    public async Task A_redirect_is_not_followed_and_an_answer_without_end_is_not_read()
    {
        await using var elsewhere = await HookReceiver.StartAsync(Ct);
        await using var receiver = await HookReceiver.StartAsync(Ct, (_, context) =>
        {
            context.Response.Redirect(elsewhere.Url, permanent: false, preserveMethod: true);
            return Task.CompletedTask;
        });
        var scene = await WebhookScene.NewAsync(idp, receiver.Url, Ct);

        Assert.Equal("redirected", FailureOf(await scene.TestAsync(Ct)));
        Assert.Equal(0, elsewhere.Count);
        receiver.Answer = (_, context) => context.Response.WriteAsync(new string('x', 65 * 1024), context.RequestAborted);
        Assert.Equal("answer_too_large", FailureOf(await scene.TestAsync(Ct)));
        receiver.Answer = (_, context) => Task.FromResult(context.Response.StatusCode = 404);
        Assert.Equal("status", FailureOf(await scene.TestAsync(Ct)));
    }

    [Fact]
    [Trait("Attack", "G4")]
    public async Task A_receiver_that_never_answers_costs_ten_seconds_and_holds_up_nobody_else()
    {
        var never = new TaskCompletionSource();
        await using var hangs = await HookReceiver.StartAsync(Ct, (_, context) => Task.WhenAny(never.Task, Task.Delay(Timeout.Infinite, context.RequestAborted)));
        await using var answers = await HookReceiver.StartAsync(Ct);
        var stuck = await WebhookScene.NewAsync(idp, hangs.Url, Ct, "member.*");
        var well = await WebhookScene.NewAsync(idp, answers.Url, Ct, "member.*");
        await stuck.RecordAsync("stuck", Ct);
        var hook = await hangs.NextAsync(Ct);

        await well.RecordAsync("well", Ct);
        Assert.Equal("well", (await answers.NextAsync(Ct)).Target);
        var tried = (await stuck.TriesAsync(hook.Id, 1, Ct))[0];

        Assert.Equal("timeout", tried.GetProperty("failure").GetString());
        Assert.InRange(tried.GetProperty("durationMs").GetInt32(), 9_000, 20_000);
        never.SetResult();
    }

    [Fact]
    public async Task An_endpoint_that_is_deleted_is_sent_nothing_more_and_nothing_waits_for_it()
    {
        await using var receiver = await HookReceiver.StartAsync(Ct, (_, context) => Task.FromResult(context.Response.StatusCode = 500));
        var scene = await WebhookScene.NewAsync(idp, receiver.Url, Ct, "member.*");
        await scene.RecordAsync("first", Ct);
        var hook = await receiver.NextAsync(Ct);
        await scene.TriesAsync(hook.Id, 1, Ct);

        Assert.True((await idp.InScopeAsync<WebhookService, Result>(s => s.DeleteAsync(scene.Organization, scene.Endpoint, Ct), scene.Organization)).IsOk);

        var key = WebhookMessage.OrderingKey(scene.Endpoint);
        Assert.Equal(0, await idp.ReadAsync(db => db.OutboxMessages.IgnoreQueryFilters([Core.IdpDbContext.OrganizationFilter]).CountAsync(m => m.OrderingKey == key && m.State == Core.Outbox.OutboxState.Pending, Ct)));
        Assert.Equal(0, await idp.ReadAsync(db => db.WebhookDeliveries.IgnoreQueryFilters([Core.IdpDbContext.OrganizationFilter]).CountAsync(d => d.EndpointId == scene.Endpoint, Ct)));
    }

    private static string? FailureOf(JsonElement tested) => tested.GetProperty("delivery").GetProperty("failure").GetString();
}

[Collection(SqliteHost.Name)]
public sealed class WebhookDeliveryOnSqlite(SqliteIdp idp) : WebhookDeliveryTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class WebhookDeliveryOnPostgreSql(PostgreSqlIdp idp) : WebhookDeliveryTests(idp);
