using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Joining;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;
using TenantIdP.Core.Webhooks;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core;

/// <summary>
/// The model of the product. Rows of organizations are visible and writable only inside the tenant scope that <see cref="EnterOrganization"/> set; without a scope there
/// are none. A store derives from this to map times and to name unique violations.
/// </summary>
public abstract class IdpDbContext(DbContextOptions options) : DbContext(options)
{
    /// <summary>Name of the query filter; ignoring it is allowed in the files that a test lists.</summary>
    public const string OrganizationFilter = "organization";

    private readonly HashSet<NodeChange> announced = [];
    private Guid announcedIn;

    public DbSet<Organization> Organizations => Set<Organization>();
    public DbSet<OrganizationSlug> OrganizationSlugs => Set<OrganizationSlug>();
    public DbSet<User> Users => Set<User>();
    public DbSet<UserEmail> UserEmails => Set<UserEmail>();
    public DbSet<UserIdentity> UserIdentities => Set<UserIdentity>();
    public DbSet<LocalCredential> LocalCredentials => Set<LocalCredential>();
    public DbSet<PasswordAttempts> PasswordAttempts => Set<PasswordAttempts>();
    public DbSet<MailedCode> MailedCodes => Set<MailedCode>();
    public DbSet<Membership> Memberships => Set<Membership>();
    public DbSet<MembershipRole> MembershipRoles => Set<MembershipRole>();
    public DbSet<DirectoryUser> DirectoryUsers => Set<DirectoryUser>();
    public DbSet<DirectoryUserEmail> DirectoryUserEmails => Set<DirectoryUserEmail>();
    public DbSet<Workspace> Workspaces => Set<Workspace>();
    public DbSet<WorkspaceMember> WorkspaceMembers => Set<WorkspaceMember>();
    public DbSet<WorkspaceRole> WorkspaceRoles => Set<WorkspaceRole>();
    public DbSet<Invitation> Invitations => Set<Invitation>();
    public DbSet<Role> Roles => Set<Role>();
    public DbSet<OrganizationDomain> Domains => Set<OrganizationDomain>();
    public DbSet<DomainConnection> DomainConnections => Set<DomainConnection>();
    public DbSet<JoinRequest> JoinRequests => Set<JoinRequest>();
    public DbSet<HostHolder> HostHolders => Set<HostHolder>();
    public DbSet<DomainWatch> DomainWatches => Set<DomainWatch>();
    public DbSet<DomainAffiliationCode> DomainAffiliationCodes => Set<DomainAffiliationCode>();
    public DbSet<DomainProofAttempt> DomainProofAttempts => Set<DomainProofAttempt>();
    public DbSet<Connection> Connections => Set<Connection>();
    public DbSet<ConnectionCertificate> ConnectionCertificates => Set<ConnectionCertificate>();
    public DbSet<AcsAlias> AcsAliases => Set<AcsAlias>();
    public DbSet<OrganizationDirectory> Directories => Set<OrganizationDirectory>();
    public DbSet<DirectoryToken> DirectoryTokens => Set<DirectoryToken>();
    public DbSet<DirectoryGroup> DirectoryGroups => Set<DirectoryGroup>();
    public DbSet<DirectoryGroupMember> DirectoryGroupMembers => Set<DirectoryGroupMember>();
    public DbSet<GroupMapping> GroupMappings => Set<GroupMapping>();
    public DbSet<DirectoryLogEntry> DirectoryLog => Set<DirectoryLogEntry>();
    public DbSet<ServiceProviderKey> ServiceProviderKeys => Set<ServiceProviderKey>();
    public DbSet<ReceivedAssertion> ReceivedAssertions => Set<ReceivedAssertion>();
    public DbSet<SignInTrace> SignInTraces => Set<SignInTrace>();
    public DbSet<UpstreamSession> UpstreamSessions => Set<UpstreamSession>();
    public DbSet<Lease> Leases => Set<Lease>();
    public DbSet<Session> Sessions => Set<Session>();
    public DbSet<Api> Apis => Set<Api>();
    public DbSet<AppGrant> AppGrants => Set<AppGrant>();
    public DbSet<AppConsent> AppConsents => Set<AppConsent>();
    public DbSet<ApiKey> ApiKeys => Set<ApiKey>();
    public DbSet<RoleSet> RoleSets => Set<RoleSet>();
    public DbSet<RoleSetRole> RoleSetRoles => Set<RoleSetRole>();
    public DbSet<Tally> Tallies => Set<Tally>();
    public DbSet<Event> Events => Set<Event>();
    public DbSet<EventPersonalData> PersonalEventData => Set<EventPersonalData>();
    public DbSet<EventChain> EventChains => Set<EventChain>();
    public DbSet<OutboxMessage> OutboxMessages => Set<OutboxMessage>();
    public DbSet<WebhookEndpoint> WebhookEndpoints => Set<WebhookEndpoint>();
    public DbSet<WebhookDelivery> WebhookDeliveries => Set<WebhookDelivery>();
    public DbSet<IdempotencyKey> IdempotencyKeys => Set<IdempotencyKey>();
    public DbSet<InstanceSetting> InstanceSettings => Set<InstanceSetting>();

    /// <summary>The organization whose rows this unit of work sees; null hides them all.</summary>
    public Id<Organization>? Scope { get; private set; }

    /// <summary>Whether this unit of work saved messages, so that whoever delivers them is woken when it has ended.</summary>
    public bool WroteToOutbox { get; private set; }

    /// <summary>Narrows this unit of work to one organization. Moving to another one with unsaved changes is a bug.</summary>
    public void EnterOrganization(Id<Organization> organization)
    {
        if (organization == Organization.Instance) throw new ArgumentException("The instance is not an organization.", nameof(organization));
        if (Scope is { } current && current != organization && ChangeTracker.HasChanges()) throw new InvalidOperationException("Save before entering another organization.");
        Scope = organization;
    }

    /// <summary>Called by the lease when the context goes back to its pool.</summary>
    public void LeaveOrganization()
    {
        (Scope, WroteToOutbox) = (null, false);
        announced.Clear();
    }

    /// <summary>The name <c>ux_table_column_column</c> of the unique index that refused the change, or null when it failed for another reason.</summary>
    public abstract string? UniqueViolation(DbUpdateException failure);

    /// <summary>
    /// Tells every node that what an <see cref="INodeCache"/> keeps has changed, when the transaction commits. What this context itself saves is told without being asked;
    /// this is for rows of others on the same transaction.
    /// </summary>
    public async Task AnnounceAsync(NodeChange change, CancellationToken ct)
    {
        if (Database.CurrentTransaction?.TransactionId is not { } transaction) throw new InvalidOperationException("A change is announced in the transaction that makes it.");
        if (transaction != announcedIn) announced.Clear(); // what an abandoned one told nobody
        announcedIn = transaction;
        if (announced.Add(change)) await TellOthersAsync(change, ct);
    }

    /// <summary>What was announced in the transaction that has just ended, once: for the store, which evicts it on this node when the transaction was committed.</summary>
    public IReadOnlyList<NodeChange> TakeAnnounced()
    {
        if (announced.Count == 0) return [];
        NodeChange[] taken = [.. announced];
        announced.Clear();
        return taken;
    }

    /// <summary>In the transaction, so that nobody is told of what is rolled back. A store of one process has no others.</summary>
    protected virtual Task TellOthersAsync(NodeChange change, CancellationToken ct) => Task.CompletedTask;

    /// <summary>
    /// The oldest pending message of each key, locked until the transaction ends; without those that another transaction holds, whose key is then left alone. Not to be composed.
    /// </summary>
    public abstract IQueryable<OutboxMessage> LockOutboxHeads(IReadOnlyCollection<string> keys);

    /// <summary>Runs the work in one transaction (joining one that is open) and commits only when the result is Ok.</summary>
    public async Task<Result<T>> InTransactionAsync<T>(Func<Task<Result<T>>> work, CancellationToken ct) where T : notnull
    {
        if (Database.CurrentTransaction is not null) return await work();
        await using var transaction = await Database.BeginTransactionAsync(ct);
        var committed = false;
        try
        {
            var result = await work();
            if (!result.IsOk) return result;
            await transaction.CommitAsync(ct);
            committed = true;
            return result;
        }
        finally
        {
            if (!committed) DiscardChanges();
        }
    }

    /// <summary>Forgets what was changed and not saved, so that a refused change isn't written by whatever is saved next in this unit of work.</summary>
    public void DiscardChanges()
    {
        foreach (var entry in ChangeTracker.Entries().ToList())
        {
            switch (entry.State)
            {
                case EntityState.Added:
                    entry.State = EntityState.Detached;
                    break;
                case EntityState.Modified or EntityState.Deleted:
                    entry.CurrentValues.SetValues(entry.OriginalValues);
                    entry.State = EntityState.Unchanged;
                    break;
            }
        }
    }

    public override int SaveChanges(bool acceptAllChangesOnSuccess) => throw new NotSupportedException("Save asynchronously.");

    public override Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        HashSet<NodeChange>? changes = null;
        foreach (var entry in ChangeTracker.Entries())
        {
            if (entry.State is not (EntityState.Added or EntityState.Modified or EntityState.Deleted)) continue;
            if (entry.Entity is IOrganizationOwned owned && owned.OrganizationId != Scope && !IsOfInstance(owned))
                throw new InvalidOperationException($"A {entry.Metadata.DisplayName()} of another organization is being written.");
            WroteToOutbox |= entry is { State: EntityState.Added, Entity: OutboxMessage };
            if (entry is { State: EntityState.Modified, Entity: IVersioned }) entry.Property(nameof(IVersioned.Version)).CurrentValue = (int)entry.Property(nameof(IVersioned.Version)).OriginalValue! + 1; // mapped as a required int
            if (NodeChange.Of(entry) is { } change) (changes ??= []).Add(change);
            if (NodeChange.OfRealm(entry) is { } realm) (changes ??= []).Add(realm);
        }

        return changes is null ? base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken) : SaveAndTellAsync(changes, acceptAllChangesOnSuccess, cancellationToken);
    }

    private async Task<int> SaveAndTellAsync(HashSet<NodeChange> changes, bool acceptAllChangesOnSuccess, CancellationToken ct)
    {
        await using var own = Database.CurrentTransaction is null ? await Database.BeginTransactionAsync(ct) : null;
        var rows = await base.SaveChangesAsync(acceptAllChangesOnSuccess, ct);
        foreach (var change in changes) await AnnounceAsync(change, ct);
        if (own is not null) await own.CommitAsync(ct);
        return rows;
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        IdConvention<Organization>(configurationBuilder);
        IdConvention<User>(configurationBuilder);
        IdConvention<UserEmail>(configurationBuilder);
        IdConvention<UserIdentity>(configurationBuilder);
        IdConvention<Membership>(configurationBuilder);
        IdConvention<DirectoryUser>(configurationBuilder);
        IdConvention<Workspace>(configurationBuilder);
        IdConvention<Invitation>(configurationBuilder);
        IdConvention<Role>(configurationBuilder);
        IdConvention<RoleSet>(configurationBuilder);
        IdConvention<OrganizationDomain>(configurationBuilder);
        IdConvention<DomainProofAttempt>(configurationBuilder);
        IdConvention<Connection>(configurationBuilder);
        IdConvention<OrganizationDirectory>(configurationBuilder);
        IdConvention<DirectoryToken>(configurationBuilder);
        IdConvention<DirectoryLogEntry>(configurationBuilder);
        IdConvention<DirectoryGroup>(configurationBuilder);
        IdConvention<GroupMapping>(configurationBuilder);
        IdConvention<JoinRequest>(configurationBuilder);
        IdConvention<Session>(configurationBuilder);
        IdConvention<MailedCode>(configurationBuilder);
        IdConvention<ApiKey>(configurationBuilder);
        IdConvention<Api>(configurationBuilder);
        IdConvention<App>(configurationBuilder);
        IdConvention<Event>(configurationBuilder);
        IdConvention<ServiceProviderKey>(configurationBuilder);
        IdConvention<SignInTrace>(configurationBuilder);
        IdConvention<OutboxMessage>(configurationBuilder);
        IdConvention<WebhookEndpoint>(configurationBuilder);
        IdConvention<WebhookDelivery>(configurationBuilder);
        configurationBuilder.Properties<HostName>().HaveConversion<HostNameConverter>().HaveMaxLength(HostName.MaxLength);
        configurationBuilder.Properties<Slug>().HaveConversion<SlugConverter>().HaveMaxLength(Slug.MaxLength);
        configurationBuilder.Properties<Enum>().HaveConversion<string>().HaveMaxLength(16);
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        var users = new UserMapping();
        var members = new MembershipMapping();
        var workspaces = new WorkspaceMapping();
        var directoryUsers = new DirectoryUserMapping();
        var events = new EventMapping();
        var connections = new ConnectionMapping();
        var directories = new DirectoryMapping();
        var groups = new DirectoryGroupMapping();
        var sessions = new SessionMapping();
        var webhooks = new WebhookMapping();
        var roleSets = new RoleSetMapping();
        var domains = new DomainMapping();
        modelBuilder.ApplyConfiguration(new OrganizationMapping());
        modelBuilder.ApplyConfiguration(new OrganizationSlugMapping());
        modelBuilder.ApplyConfiguration<User>(users);
        modelBuilder.ApplyConfiguration<UserEmail>(users);
        modelBuilder.ApplyConfiguration<UserIdentity>(users);
        modelBuilder.ApplyConfiguration<LocalCredential>(users);
        modelBuilder.ApplyConfiguration<PasswordAttempts>(users);
        modelBuilder.ApplyConfiguration(new MailedCodeMapping());
        modelBuilder.ApplyConfiguration(new RoleMapping());
        modelBuilder.ApplyConfiguration<RoleSet>(roleSets);
        modelBuilder.ApplyConfiguration<RoleSetRole>(roleSets);
        modelBuilder.ApplyConfiguration<Membership>(members);
        modelBuilder.ApplyConfiguration<MembershipRole>(members);
        modelBuilder.ApplyConfiguration<DirectoryUser>(directoryUsers);
        modelBuilder.ApplyConfiguration<DirectoryUserEmail>(directoryUsers);
        modelBuilder.ApplyConfiguration<Workspace>(workspaces);
        modelBuilder.ApplyConfiguration<WorkspaceMember>(workspaces);
        modelBuilder.ApplyConfiguration<WorkspaceRole>(workspaces);
        modelBuilder.ApplyConfiguration(new InvitationMapping());
        modelBuilder.ApplyConfiguration<OrganizationDomain>(domains);
        modelBuilder.ApplyConfiguration<DomainConnection>(domains);
        modelBuilder.ApplyConfiguration(new JoinRequestMapping());
        modelBuilder.ApplyConfiguration(new HostHolderMapping());
        modelBuilder.ApplyConfiguration(new DomainWatchMapping());
        modelBuilder.ApplyConfiguration(new DomainProofAttemptMapping());
        modelBuilder.ApplyConfiguration(new DomainAffiliationCodeMapping());
        modelBuilder.ApplyConfiguration<Connection>(connections);
        modelBuilder.ApplyConfiguration<ConnectionCertificate>(connections);
        modelBuilder.ApplyConfiguration<AcsAlias>(connections);
        modelBuilder.ApplyConfiguration<ServiceProviderKey>(connections);
        modelBuilder.ApplyConfiguration<ReceivedAssertion>(connections);
        modelBuilder.ApplyConfiguration<OrganizationDirectory>(directories);
        modelBuilder.ApplyConfiguration<DirectoryToken>(directories);
        modelBuilder.ApplyConfiguration<DirectoryLogEntry>(directories);
        modelBuilder.ApplyConfiguration<DirectoryGroup>(groups);
        modelBuilder.ApplyConfiguration<DirectoryGroupMember>(groups);
        modelBuilder.ApplyConfiguration<GroupMapping>(groups);
        modelBuilder.ApplyConfiguration<Session>(sessions);
        modelBuilder.ApplyConfiguration<UpstreamSession>(sessions);
        modelBuilder.ApplyConfiguration(new SignInTraceMapping());
        modelBuilder.ApplyConfiguration(new LeaseMapping());
        modelBuilder.ApplyConfiguration(new ApiMapping());
        modelBuilder.ApplyConfiguration(new AppGrantMapping());
        modelBuilder.ApplyConfiguration(new AppConsentMapping());
        modelBuilder.ApplyConfiguration(new KeyMapping());
        modelBuilder.ApplyConfiguration<Event>(events);
        modelBuilder.ApplyConfiguration<EventPersonalData>(events);
        modelBuilder.ApplyConfiguration<EventChain>(events);
        modelBuilder.ApplyConfiguration(new OutboxMapping());
        modelBuilder.ApplyConfiguration<WebhookEndpoint>(webhooks);
        modelBuilder.ApplyConfiguration<WebhookDelivery>(webhooks);
        modelBuilder.ApplyConfiguration(new IdempotencyKeyMapping());
        modelBuilder.ApplyConfiguration(new InstanceSettingMapping());
        modelBuilder.ApplyConfiguration(new TallyMapping());

        FilterByOrganization<Membership>(modelBuilder);
        FilterByOrganization<MembershipRole>(modelBuilder);
        FilterByOrganization<DirectoryUser>(modelBuilder);
        FilterByOrganization<DirectoryUserEmail>(modelBuilder);
        FilterByOrganization<Workspace>(modelBuilder);
        FilterByOrganization<WorkspaceMember>(modelBuilder);
        FilterByOrganization<WorkspaceRole>(modelBuilder);
        FilterByOrganization<Invitation>(modelBuilder);
        FilterByOrganization<OrganizationDomain>(modelBuilder);
        FilterByOrganization<DomainConnection>(modelBuilder);
        FilterByOrganization<JoinRequest>(modelBuilder);
        FilterByOrganization<DomainWatch>(modelBuilder);
        FilterByOrganization<DomainProofAttempt>(modelBuilder);
        FilterByOrganization<Connection>(modelBuilder);
        FilterByOrganization<ConnectionCertificate>(modelBuilder);
        FilterByOrganization<AcsAlias>(modelBuilder);
        FilterByOrganization<ReceivedAssertion>(modelBuilder);
        FilterByOrganization<OrganizationDirectory>(modelBuilder);
        FilterByOrganization<DirectoryToken>(modelBuilder);
        FilterByOrganization<DirectoryLogEntry>(modelBuilder);
        FilterByOrganization<DirectoryGroup>(modelBuilder);
        FilterByOrganization<DirectoryGroupMember>(modelBuilder);
        FilterByOrganization<GroupMapping>(modelBuilder);
        FilterByOrganization<SignInTrace>(modelBuilder);
        FilterByOrganization<UpstreamSession>(modelBuilder);
        FilterByOrganization<AppGrant>(modelBuilder);
        FilterByOrganization<ApiKey>(modelBuilder);
        FilterByOrganization<Event>(modelBuilder);
        FilterByOrganization<EventPersonalData>(modelBuilder);
        FilterByOrganization<OutboxMessage>(modelBuilder);
        FilterByOrganization<WebhookEndpoint>(modelBuilder);
        FilterByOrganization<WebhookDelivery>(modelBuilder);
        modelBuilder.Entity<Role>().HasQueryFilter(OrganizationFilter, r => r.OrganizationId == Scope || (Scope != null && r.OrganizationId == Organization.Instance));
        modelBuilder.Entity<ServiceProviderKey>().HasQueryFilter(OrganizationFilter, k => k.OrganizationId == Scope || (Scope != null && k.OrganizationId == Organization.Instance));

        foreach (var entity in modelBuilder.Model.GetEntityTypes())
        {
            if (typeof(IVersioned).IsAssignableFrom(entity.ClrType)) entity.FindProperty(nameof(IVersioned.Version))!.IsConcurrencyToken = true; // every IVersioned maps its Version
        }

        SnakeCase.Apply(modelBuilder.Model);
    }

    private static bool IsOfInstance(IOrganizationOwned owned) => owned.OrganizationId == Organization.Instance && owned is Event or EventPersonalData or Role or ServiceProviderKey or OutboxMessage or WebhookEndpoint or WebhookDelivery;

    private static void IdConvention<T>(ModelConfigurationBuilder builder) where T : IHasIdPrefix =>
        builder.Properties<Id<T>>().HaveConversion<IdConverter<T>>();

    private void FilterByOrganization<T>(ModelBuilder builder) where T : class, IOrganizationOwned =>
        builder.Entity<T>().HasQueryFilter(OrganizationFilter, e => e.OrganizationId == Scope);

    private sealed class IdConverter<T>() : ValueConverter<Id<T>, Guid>(id => id.Value, value => new Id<T>(value)) where T : IHasIdPrefix;

    private sealed class HostNameConverter() : ValueConverter<HostName, string>(host => host.Value, text => HostName.Stored(text));

    private sealed class SlugConverter() : ValueConverter<Slug, string>(slug => slug.Value, text => ParseSlug(text));

    private static Slug ParseSlug(string text) => Slug.TryParse(text, out var slug) ? slug : throw new FormatException("A stored slug is not a slug.");
}
