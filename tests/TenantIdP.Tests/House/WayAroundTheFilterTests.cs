using System.Text.RegularExpressions;
using Xunit;

namespace TenantIdP.Tests.House;

/// <summary>Statements that the tenant filter or the unit of work do not guard stand in files that are listed here, each with its reason.</summary>
public sealed partial class WayAroundTheFilterTests
{
    private static readonly Dictionary<string, string> MayIgnoreTheFilter = new()
    {
        ["src/TenantIdP.Core/Tokens/AuthorizeService.cs"] = "finds the organization a request names and the memberships of the person it is for: no tenant is known yet",
        ["src/TenantIdP.Core/Tokens/AccessReader.cs"] = "reads user, session, membership, roles and home of one grant in one statement, keyed by the grant's own ids; an app's grant by organization and app",
        ["src/TenantIdP.Core/Apps/AppService.cs"] = "a deleted app loses what any organization granted it, keyed by the app",
        ["src/TenantIdP.Core/Keys/KeyReader.cs"] = "a key is found by its hash: which organization it belongs to is the answer",
        ["src/TenantIdP.Core/Roles/PermissionChecks.cs"] = "an app asks about people of all the organizations it serves, each question with its own",
        ["src/TenantIdP.Core/Roles/RoleReplacement.cs"] = "who holds a role of the instance is a question to all organizations; each statement names the role",
        ["src/TenantIdP.Core/Roles/RoleSetService.cs"] = "a role set holds roles of the instance, always with the instance in the predicate",
        ["src/TenantIdP.Core/Roles/RoleSetUse.cs"] = "what uses roles of the instance in one organization, or in those that use a set; each statement names them",
        ["src/TenantIdP.Core/Roles/RoleHierarchy.cs"] = "roles of many organizations may extend one of the instance; found by what they extend",
        ["src/TenantIdP.Core/Roles/RoleSeeding.cs"] = "built-in roles belong to the instance",
        ["src/TenantIdP.Core/Roles/RoleService.cs"] = "instance roles and those of one organization, always with the owner in the predicate; a key is checked over all",
        ["src/TenantIdP.Core/Directories/DirectoryReader.cs"] = "a token is found by its public part: which organization it belongs to is the answer; an app's grant and directory by organization",
        ["src/TenantIdP.Core/Directories/DirectoryPruning.cs"] = "deletes what logs and tokens of any organization have too much of",
        ["src/TenantIdP.Core/Directories/DirectoryAccounts.cs"] = "whether anybody else speaks for an account that a directory made, keyed by the user",
        ["src/TenantIdP.Core/Directories/ProfileOwnership.cs"] = "whether an account is in another organization, and in a directory of the one that made it; keyed by the user",
        ["src/TenantIdP.Core/Domains/HostLocks.cs"] = "the holder of a host, and who waits for it, are a question to all organizations; each row is written in its own scope",
        ["src/TenantIdP.Core/Domains/DomainUpkeep.cs"] = "the looks that are due, of all organizations; each is judged in its own scope",
        ["src/TenantIdP.Core/Domains/AffiliationUpkeep.cs"] = "finds the affiliations of all organizations that are over; ends each in its own one's scope",
        ["src/TenantIdP.Core/Domains/DomainHolders.cs"] = "who holds the domain of an address is a question to all organizations",
        ["src/TenantIdP.Core/Domains/MembershipDomainRules.cs"] = "the memberships of a person whose address goes",
        ["src/TenantIdP.Core/Sessions/UpstreamSessions.cs"] = "one session may rest on proofs of several organizations; keyed by the session",
        ["src/TenantIdP.Core/SignIn/AccountHomes.cs"] = "whose the connection is that an address of the account leads to; keyed by connection",
        ["src/TenantIdP.Core/SignIn/BreakGlass.cs"] = "whether the organization of the connection that a domain leads to names a person; keyed by connection and person",
        ["src/TenantIdP.Core/SignIn/SignInService.cs"] = "the callback knows a connection id only",
        ["src/TenantIdP.Core/SignIn/SignInRecord.cs"] = "the owner of the connection whose sign-in was refused",
        ["src/TenantIdP.Core/SignIn/TraceViewing.cs"] = "a trace id does not say whose it is; narrowed to the person's own memberships, or an operator",
        ["src/TenantIdP.Core/SignIn/RealmReader.cs"] = "finds the organization of a host, a name or a connection: the tenant is the answer",
        ["src/TenantIdP.Core/Joining/Openings.cs"] = "the domains of one person's addresses, and whether the person is known there",
        ["src/TenantIdP.Core/Organizations/OrganizationDeletion.cs"] = "whose only organization it was, and the personal rows of events about them",
        ["src/TenantIdP.Core/Members/JoinRules.cs"] = "the other memberships of a person who wants to join, or of an organization's members",
        ["src/TenantIdP.Core/Members/OwnerGuard.cs"] = "the organizations a person is the last owner of",
        ["src/TenantIdP.Core/Members/UserOrganizations.cs"] = "a person's own memberships",
        ["src/TenantIdP.Core/Members/UserMemberships.cs"] = "the memberships of one person, for an operator",
        ["src/TenantIdP.Core/Workspaces/UserWorkspaces.cs"] = "a person's own workspaces of one organization, both in the predicate; the person needs no permission there",
        ["src/TenantIdP.Core/Users/UserLock.cs"] = "the organizations of the people that are locked",
        ["src/TenantIdP.Core/Users/UserMerge.cs"] = "reads the memberships of two people; writes each in its own scope",
        ["src/TenantIdP.Core/Users/UserErasure.cs"] = "reads the memberships of one person, and deletes each in its own scope; the personal rows of events about them",
        ["src/TenantIdP.Core/Users/UserExport.cs"] = "what is held about one person, wherever it is",
        ["src/TenantIdP.Core/Connections/ServiceProviderKeys.cs"] = "keys of the instance and of one connection, always with the owner in the predicate; the owners whose keys are due",
        ["src/TenantIdP.Core/Connections/CertificateGauges.cs"] = "counts the connections of all organizations whose certificate ends; the keys of the instance",
        ["src/TenantIdP.Core/Connections/CertificateWarnings.cs"] = "finds the certificates of all organizations that end soon; writes in each one's own scope",
        ["src/TenantIdP.Core/Instance/Pruning.cs"] = "deletes what has outlived its time, wherever it is",
        ["src/TenantIdP.Core/Invitations/InvitationUpkeep.cs"] = "finds the invitations of all organizations whose time has come; ends each in its own one's scope",
        ["src/TenantIdP.Core/Outbox/OutboxClaims.cs"] = "delivers the messages of all organizations, each by its id and key",
        ["src/TenantIdP.Core/Outbox/OutboxWriter.cs"] = "whether a message of the same key waits already, whoever wrote it",
        ["src/TenantIdP.Core/Outbox/OutboxService.cs"] = "operators see the messages of all organizations",
        ["src/TenantIdP.Core/Events/EventSealer.cs"] = "finds what is not sealed in all organizations; seals each event in its own one's scope",
        ["src/TenantIdP.Core/Events/EventLag.cs"] = "the age of the oldest event that is not sealed, of any organization",
        ["src/TenantIdP.Core/Events/EventFeed.cs"] = "operators read the events of all organizations; the feed of one is read in its scope",
        ["src/TenantIdP.Core/Events/EventVerification.cs"] = "an operator's command computes the chains of all organizations anew",
        ["src/TenantIdP.Core/Events/EventErasure.cs"] = "a person is erased from the events of all organizations, keyed by the user",
        ["src/TenantIdP.Core/Webhooks/WebhookOwners.cs"] = "endpoints and deliveries of the instance, with the owner in the predicate; those of an organization are read in its scope",
        ["src/TenantIdP.Core/Webhooks/WebhookBacklog.cs"] = "the messages of one endpoint, with owner and key in the predicate",
        ["src/TenantIdP.Core/Webhooks/WebhookPruning.cs"] = "deletes what endpoints of any organization have too much of",
        ["src/TenantIdP.Core/Webhooks/WebhookFanOut.cs"] = "the endpoints of all organizations of a batch; each is given to its owner's events only",
        ["src/TenantIdP.Core/Webhooks/WebhookTurns.cs"] = "the event that one message names, by the event's own keys; of another organization for an endpoint of the instance only",
        ["src/TenantIdP.Server/Federation/Saml/MetadataRefresh.cs"] = "lists the connections of all organizations whose metadata is read again; reads each in its own scope",
        ["src/TenantIdP.Server/Login/OrganizationChoices.cs"] = "the chooser lists a person's own memberships",
        ["src/TenantIdP.Server/Federation/ConnectionDirectory.cs"] = "the callback knows a connection id only",
    };

    private static readonly Dictionary<string, string> MayChangeRowsDirectly = new()
    {
        ["src/TenantIdP.Core/SignIn/MailedCodes.cs"] = "counts tries and uses codes up atomically, keyed by the code or the address",
        ["src/TenantIdP.Core/SignIn/PasswordSignIn.cs"] = "a good password clears the count of failed ones, keyed by the user",
        ["src/TenantIdP.Core/SignIn/PasswordThrottle.cs"] = "counts guesses atomically, keyed by the user or the network",
        ["src/TenantIdP.Core/Organizations/OrganizationDeletion.cs"] = "empties one organization by its id, and ends the people it alone knew by theirs",
        ["src/TenantIdP.Core/Sessions/SessionService.cs"] = "ends the sessions of one user by the user's id",
        ["src/TenantIdP.Core/Users/UserLock.cs"] = "the lock of one person, keyed by the id",
        ["src/TenantIdP.Core/Users/UserCredentials.cs"] = "clears the counts of failed passwords, keyed by the user",
        ["src/TenantIdP.Core/Users/UserMerge.cs"] = "deletes the counts of failed passwords of the merged account",
        ["src/TenantIdP.Core/Users/UserErasure.cs"] = "deletes what belongs to one person, keyed by the user or by events about them",
        ["src/TenantIdP.Core/Organizations/OrganizationLock.cs"] = "the lock of one organization, keyed by its id",
        ["src/TenantIdP.Core/Connections/ServiceProviderKeys.cs"] = "deletes keys that have retired",
        ["src/TenantIdP.Core/Connections/ConnectionEdits.cs"] = "takes back what a connection gave to any number of members, within its organization",
        ["src/TenantIdP.Core/Directories/DirectoryReader.cs"] = "the last use of one token and one directory, keyed by them and their organization",
        ["src/TenantIdP.Core/Directories/DirectoryDeletion.cs"] = "takes back what a directory gave to any number of members, within its organization",
        ["src/TenantIdP.Core/Directories/DirectoryPruning.cs"] = "deletes what logs and tokens have too much of, by organization and directory",
        ["src/TenantIdP.Core/Keys/KeyReader.cs"] = "the last use of one key, keyed by it and its organization",
        ["src/TenantIdP.Core/Roles/RoleHierarchy.cs"] = "writes what a role inherits into all that extend it, by their ids; the lock of the hierarchy",
        ["src/TenantIdP.Core/Apps/AppConsentService.cs"] = "takes back what one person allowed an app, keyed by both",
        ["src/TenantIdP.Core/Apps/AppService.cs"] = "a deleted app loses what any organization granted it, keyed by the app",
        ["src/TenantIdP.Core/Roles/RoleReplacement.cs"] = "moves everybody from one role to another, keyed by the role",
        ["src/TenantIdP.Core/Connections/ReceivedAssertions.cs"] = "a result is taken once, by a condition on its row",
        ["src/TenantIdP.Core/Instance/Pruning.cs"] = "deletes what has outlived its time, wherever it is",
        ["src/TenantIdP.Core/Invitations/InvitationUpkeep.cs"] = "deletes invitations that ended long ago, wherever they are",
        ["src/TenantIdP.Core/Outbox/OutboxClaims.cs"] = "one message is taken, put off and ended by a condition on its claim; those behind it by their ids",
        ["src/TenantIdP.Core/Outbox/OutboxService.cs"] = "one dead message is replayed, by a condition on its row",
        ["src/TenantIdP.Core/Instance/IdempotencyKeys.cs"] = "answers belong to a caller and a key; one attempt is finished, released or taken up by a condition on its row",
        ["src/TenantIdP.Core/Instance/Leases.cs"] = "leases belong to the instance",
        ["src/TenantIdP.Core/Instance/Tallies.cs"] = "counts atomically, keyed by the name of what is counted",
        ["src/TenantIdP.Core/Events/EventErasure.cs"] = "deletes the personal rows of one user by the user's id",
        ["src/TenantIdP.Core/Webhooks/WebhookTurns.cs"] = "since when one endpoint fails, by its keys, beside its version",
        ["src/TenantIdP.Core/Webhooks/WebhookPruning.cs"] = "deletes what endpoints have too much of, by owner and id",
        ["src/TenantIdP.Core/Webhooks/WebhookFanOut.cs"] = "one endpoint that has too much waiting is disabled, by its keys and a condition on its row",
        ["src/TenantIdP.Core/Webhooks/WebhookBacklog.cs"] = "what waits for one endpoint is made due or deleted, by owner and key",
        ["src/TenantIdP.Engine.OpenIddict/Tokens/AtomicRedemption.cs"] = "spends a token by a condition on its row",
        ["src/TenantIdP.Engine.OpenIddict/Stores/OidcSession.cs"] = "ends one grant by its id; prunes what expired",
        ["src/TenantIdP.Engine.OpenIddict/Stores/GrantRevoker.cs"] = "ends the grants of a session, user or membership",
        ["src/TenantIdP.Engine.OpenIddict/Stores/AppRegistry.cs"] = "an app is deleted by its id",
        ["src/TenantIdP.Engine.OpenIddict/Endpoints/DeviceRequests.cs"] = "a person's word about a waiting device, by a condition on its rows",
        ["src/TenantIdP.Engine.OpenIddict/Keys/KeyRing.cs"] = "signing keys belong to the instance",
        ["src/TenantIdP.Core/Directories/GroupMembers.cs"] = "who left a group, by group and users; the groups that a deleted user was in",
        ["src/TenantIdP.Core/Directories/GroupRoles.cs"] = "takes back what a group gave to any number of members, within its organization",
        ["src/TenantIdP.Core/Directories/GroupMappingService.cs"] = "what a mapping gave that another gives as well, by its source",
    };

    private static readonly Dictionary<string, string> MayWriteSql = new()
    {
        ["src/TenantIdP.Core/Instance/Tallies.cs"] = "one statement that inserts or does nothing, with parameters",
        ["src/TenantIdP.Core/SignIn/PasswordThrottle.cs"] = "one statement that inserts or counts, with parameters",
        ["src/TenantIdP.Core/Directories/GroupMembers.cs"] = "puts the words of an insertion before a query that the provider has written, with its parameters",
        ["src/TenantIdP.Storage/Sqlite/SqliteDatabase.cs"] = "pragmas and the migration lock's leftover row",
        ["src/TenantIdP.Storage/Sqlite/GatedSqliteConnection.cs"] = "pragmas of a connection",
        ["src/TenantIdP.Storage/PostgreSql/PostgreSqlDatabase.cs"] = "the advisory lock of the migration",
        ["src/TenantIdP.Storage/PostgreSql/PostgreSqlIdpDbContext.cs"] = "tells other nodes of a change and locks the oldest messages, with parameters",
        ["src/TenantIdP.Storage/Sqlite/SqliteIdpDbContext.cs"] = "finds the oldest messages, with parameters",
        ["src/TenantIdP.Storage/PostgreSql/ChangeListener.cs"] = "listens to a constant channel",
        ["src/TenantIdP.Storage/PostgreSql/StoreWatch.cs"] = "asks for the time",
        ["src/TenantIdP.Storage/Sqlite/SqliteBackup.cs"] = "copies the file and checks the copy, with parameters",
    };

    [Fact]
    public void Only_listed_files_ignore_the_tenant_filter() => AssertListed(FilterIgnored(), MayIgnoreTheFilter);

    [Fact]
    public void Only_listed_files_change_rows_outside_the_unit_of_work() => AssertListed(RowsChanged(), MayChangeRowsDirectly);

    [Fact]
    public void Only_listed_files_write_SQL() => AssertListed(Sql(), MayWriteSql);

    [Fact]
    public void Nothing_ignores_all_filters_at_once() => Assert.Empty(SourceTree.SourceFiles().Where(f => AllIgnored().IsMatch(f.Text)).Select(f => f.Path));

    /// <summary>Both ways: a file that no longer does it leaves the list.</summary>
    private static void AssertListed(Regex pattern, Dictionary<string, string> list) =>
        Assert.Equal(list.Keys.Order(StringComparer.Ordinal), SourceTree.SourceFiles().Where(f => pattern.IsMatch(f.Text)).Select(f => f.Path).Order(StringComparer.Ordinal));

    [GeneratedRegex(@"\.IgnoreQueryFilters\(")]
    private static partial Regex FilterIgnored();

    [GeneratedRegex(@"\.IgnoreQueryFilters\(\s*\)")]
    private static partial Regex AllIgnored();

    [GeneratedRegex(@"\.Execute(Update|Delete)(Async)?\(")]
    private static partial Regex RowsChanged();

    [GeneratedRegex(@"\.(FromSql|ExecuteSql|SqlQuery)\w*(<\w+>)?\(|CommandText\s*=|new (Npgsql|Sqlite)Command\(")]
    private static partial Regex Sql();
}
