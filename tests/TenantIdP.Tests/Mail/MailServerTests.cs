using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Mail;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Mail;

/// <summary>The whole server with a mail server that hangs, refuses, and comes back (R16).</summary>
public abstract class MailServerTests(TestStore store) : IAsyncLifetime
{
    private SmtpSink sink = null!; // set by InitializeAsync
    private IdpHost idp = null!; // set by InitializeAsync

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        sink = await SmtpSink.StartAsync(CancellationToken.None);
        idp = new HostWithMail(store, sink.Port);
        await idp.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await idp.DisposeAsync();
        await sink.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private async Task<(OutboxMessage Message, TimeSpan Took)> WriteAsync(Organization organization, string address, string person)
    {
        await using var scope = idp.Services.CreateAsyncScope();
        var (db, writer) = (scope.ServiceProvider.GetRequiredService<IdpDbContext>(), scope.ServiceProvider.GetRequiredService<MailWriter>());
        var since = Stopwatch.StartNew();
        db.EnterOrganization(organization.Id);
        var message = writer.Add(new NewMail(MailTemplate.BreakGlassUsed, EmailAddress.Parse(address))
        {
            Organization = organization.Id, Values = new Dictionary<string, string> { ["person"] = person, ["time"] = "now" },
        });
        await db.SaveChangesAsync(Ct);
        return (message, since.Elapsed);
    }

    private async Task<IReadOnlyList<OutboxMessage>> RowsAsync() =>
        await idp.ReadAsync(db => db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().Where(m => m.Kind == MailMessage.Kind).ToListAsync(Ct));

    [Fact]
    [Trait("Fault", "R16")]
    public async Task A_mail_server_that_hangs_slows_nothing_and_loses_nothing()
    {
        var organizations = new List<Organization>();
        for (var i = 0; i < 4; i++) organizations.Add(await idp.CreateOrganizationAsync(Ct));
        await sink.HangAsync("data", Ct);

        var took = new List<TimeSpan>();
        foreach (var organization in organizations)
        {
            for (var i = 0; i < 5; i++) took.Add((await WriteAsync(organization, $"person{i % 2}@{organization.Slug}.example", $"Person {i}")).Took);
        }

        await Waiting.UntilAsync(async () => await sink.ConnectionsAsync(Ct) > 0, TimeSpan.FromSeconds(20), "the mail server is asked", Ct);
        // Another kind of message is delivered meanwhile: not all slots of the node are taken.
        Assert.True(took.Order().ElementAt(took.Count / 2) < TimeSpan.FromMilliseconds(500), $"Writing took {took.Max()}.");
        await sink.ReleaseAsync(Ct);
        await Waiting.UntilAsync(async () => (await RowsAsync()).All(m => m.State == OutboxState.Delivered), TimeSpan.FromSeconds(90), "all mails are sent", Ct);

        var received = await sink.ReceivedAsync(Ct);
        Assert.Equal(20, received.Select(r => r.Message.MessageId).Distinct().Count());
        foreach (var person in received.DistinctBy(r => r.Message.MessageId).GroupBy(r => r.To))
        {
            var order = person.Select(r => r.Message.TextBody!.Split(" signed")[0]).ToList(); // each has text
            Assert.Equal(order.Order(StringComparer.Ordinal), order);
        }
    }

    [Fact]
    public async Task What_is_refused_for_now_comes_later_and_what_is_refused_for_good_is_an_operators()
    {
        var organization = await idp.CreateOrganizationAsync(Ct);
        await sink.RefuseAsync("to", 451, Ct, times: 1);
        var (later, _) = await WriteAsync(organization, $"later@{organization.Slug}.example", "Later");
        await Waiting.UntilAsync(async () => (await RowsAsync()).Single(m => m.Id == later.Id) is { State: OutboxState.Delivered, Attempts: 2 }, TimeSpan.FromSeconds(60), "it is sent by the second try", Ct);

        await sink.RefuseAsync("to", 550, Ct, times: 1);
        var (never, _) = await WriteAsync(organization, $"never@{organization.Slug}.example", "Never");
        await Waiting.UntilAsync(async () => (await RowsAsync()).Single(m => m.Id == never.Id).State == OutboxState.Dead, TimeSpan.FromSeconds(30), "it is given up", Ct);

        var replayed = await idp.UseAsync<OutboxService, OutboxMessage>(o => o.ReplayAsync(never.Id, Ct));
        await Waiting.UntilAsync(async () => (await RowsAsync()).Single(m => m.Id == replayed.Id).State == OutboxState.Delivered, TimeSpan.FromSeconds(30), "it is sent after all", Ct);
        Assert.Equal(2, (await sink.ReceivedAsync(Ct)).Count);
    }

    private sealed class HostWithMail(TestStore store, int port) : IdpHost(store)
    {
        protected override void Configure(WebApplicationBuilder builder) => builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["TenantIdP:Mail:Host"] = "localhost",
            ["TenantIdP:Mail:Port"] = port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["TenantIdP:Mail:Security"] = "None",
            ["TenantIdP:Mail:From"] = "no-reply@example.test",
            ["TenantIdP:Mail:TimeoutSeconds"] = "5",
        });
    }
}

public sealed class MailServerOnSqlite() : MailServerTests(new SqliteStore());

[Trait("Store", "PostgreSql")]
[Collection(PostgreSqlHost.Name)]
public sealed class MailServerOnPostgreSql(PostgreSqlCluster cluster) : MailServerTests(new PostgreSqlStore(cluster));
