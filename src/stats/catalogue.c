/*
 * The families stand in the order in which they come out: server, connections,
 * commands, bytes, items and LRU, slabs as a whole, extstore, proxy, TLS,
 * logging, InnoDB plugin, settings; then one slab class after the other, first
 * what `stats items` says of it, then what `stats slabs` says.
 *
 * Not here, on purpose: pid, and the settings that are paths, addresses or the
 * like (inter, domain_socket, umask, stat_key_prefix, auth_enabled_ascii,
 * ssl_chain_cert, ssl_key, ssl_ciphers, ssl_ca_cert, memory_file).
 */
#include "stats/catalogue.h"

#include "base/span.h"

/* clang-format off */

#define SPAN(text) { text, sizeof(text) - 1 }

/*
 * One series: collector, STAT key and, if any, further members of struct series,
 * such as .value, or the labels below.
 */
#define STAT(sect, stat, ...) \
	{ .collector = COLLECTOR_##sect, .key = stat, __VA_ARGS__ }
#define LABELS(text) .before = SPAN("{" text "} ")
#define COMMAND(command) LABELS("command=\"" command "\"")
#define OUTCOME(command, how) \
	LABELS("command=\"" command "\",status=\"" how "\"")
#define SLAB_OUTCOME(command, how) \
	.before = SPAN("{command=\"" command "\","), \
	.after = SPAN(",status=\"" how "\"} ")
#define SLAB_LRU(lru) \
	.before = SPAN("{lru=\"" lru "\","), .after = SPAN("} ")
#define INFO(...) .info = (const struct info[]){ __VA_ARGS__, { 0 } }
#define TAP(type, direction) \
	STAT(STATS, "tap_" type "_" direction, \
	    LABELS("direction=\"" direction "\",type=\"" type "\""))

#define PROXY_COMMAND(command) \
	STAT(PROXY, "cmd_" command, COMMAND(command))

/* A family: its series are STAT()s. */
#define FAMILY(name, type, help, ...) \
	FAMILY_OF(false, name, type, help, __VA_ARGS__)
#define SLAB_FAMILY(name, type, help, ...) \
	FAMILY_OF(true, name, type, help, __VA_ARGS__)
#define FAMILY_OF(slab, name, type, help, ...) \
	{ name, sizeof(name) - 1, help, SPAN(HEAD(name, type, help)), \
	    METRIC_##type, slab, SERIES(__VA_ARGS__) }
#define HEAD(name, type, help) \
	"# HELP " name " " help "\n# TYPE " name " " NAME_##type "\n"
#define NAME_COUNTER "counter"
#define NAME_GAUGE "gauge"
#define SERIES(...) (const struct series[]){ __VA_ARGS__, { 0 } }

/* A family of one series: its name, then what STAT() takes around the help. */
#define HELP(text, stat) text " (" stat ")."
#define COUNTER(name, sect, stat, text, ...) \
	FAMILY(name, COUNTER, HELP(text, stat), STAT(sect, stat, __VA_ARGS__))
#define GAUGE(name, sect, stat, text, ...) \
	FAMILY(name, GAUGE, HELP(text, stat), STAT(sect, stat, __VA_ARGS__))
#define SLAB_COUNTER(name, sect, stat, text) \
	SLAB_FAMILY(name, COUNTER, HELP(text, stat), STAT(sect, stat))
#define SLAB_GAUGE(name, sect, stat, text, ...) \
	SLAB_FAMILY(name, GAUGE, HELP(text, stat), \
	    STAT(sect, stat, __VA_ARGS__))

/* A setting, under the name that follows from its key or under another one. */
#define SETTING(fn, stat, text) \
	SETTING_NAMED(fn, "memcached_settings_" stat, stat, text)
#define SETTING_NAMED(fn, name, stat, text) \
	FAMILY(name, GAUGE, "Setting " stat ": " text ".", \
	    STAT(SETTINGS, stat, .value = (fn)))

const struct family catalogue[] = {
	/* Server */

	GAUGE("memcached_uptime_seconds", STATS, "uptime",
	    "Seconds since the server started",
	    .value = value_uptime),

	GAUGE("memcached_time_seconds", STATS, "time",
	    "The server's clock, seconds since 1970"),

	FAMILY("memcached_version", GAUGE,
	    "Version of the server as a label, value 1 (version).",
	    STAT(STATS, "version", INFO(
		{ "version", COLLECTOR_STATS, "version" }))),

	FAMILY("memcached_server_info", GAUGE,
	    "What the server is built of, as labels, value 1"
	    " (version, libevent, pointer_size).",
	    STAT(STATS, "version", INFO(
		{ "libevent", COLLECTOR_STATS, "libevent" },
		{ "pointer_size", COLLECTOR_STATS, "pointer_size" },
		{ "version", COLLECTOR_STATS, "version" }))),

	COUNTER("memcached_process_user_cpu_seconds_total",
	    STATS, "rusage_user",
	    "CPU time spent in user mode, in seconds",
	    .value = value_cpu),

	COUNTER("memcached_process_system_cpu_seconds_total",
	    STATS, "rusage_system",
	    "CPU time spent in the kernel, in seconds",
	    .value = value_cpu),

	GAUGE("memcached_threads", STATS, "threads",
	    "Worker threads"),

	COUNTER("memcached_malloc_fails_total", STATS, "malloc_fails",
	    "Allocations that the operating system refused"),

	GAUGE("memcached_hash_power_level", STATS, "hash_power_level",
	    "Size of the hash table, as a power of two"),

	GAUGE("memcached_hash_bytes", STATS, "hash_bytes",
	    "Memory of the hash table, in bytes"),

	GAUGE("memcached_hash_is_expanding", STATS, "hash_is_expanding",
	    "1 while the hash table grows",
	    .value = value_switch),

	/* Connections */

	FAMILY("memcached_max_connections", GAUGE,
	    "Connections allowed at a time"
	    " (max_connections, or the setting maxconns).",
	    STAT(STATS, "max_connections"),
	    STAT(SETTINGS, "maxconns", .instead = true)),

	GAUGE("memcached_current_connections", STATS, "curr_connections",
	    "Connections open now",
	    .value = value_connections),

	COUNTER("memcached_connections_total", STATS, "total_connections",
	    "Connections accepted since the start"),

	FAMILY("memcached_connections_rejected_total", COUNTER,
	    "Connections turned away because the limit was reached"
	    " (rejected_connections, or rejected_conns of the InnoDB plugin).",
	    STAT(STATS, "rejected_connections"),
	    STAT(STATS, "rejected_conns", .instead = true)),

	GAUGE("memcached_accepting_connections", STATS, "accepting_conns",
	    "1 while new connections are accepted",
	    .value = value_switch),

	COUNTER("memcached_connections_listener_disabled_total",
	    STATS, "listen_disabled_num",
	    "Times that accepting paused because the limit was reached"),

	COUNTER("memcached_connections_listener_disabled_seconds_total",
	    STATS, "time_in_listen_disabled_us",
	    "Seconds for which accepting has paused,"
	    " counted when a pause ends",
	    .value = value_micro),

	COUNTER("memcached_connections_yielded_total", STATS, "conn_yields",
	    "Times that a busy connection had to let others go first"),

	COUNTER("memcached_connections_idle_kicked_total", STATS, "idle_kicks",
	    "Connections closed for being idle too long"),

	GAUGE("memcached_connection_structures", STATS, "connection_structures",
	    "Connection structures allocated, in use or spare",
	    .value = value_connections),

	GAUGE("memcached_reserved_fds", STATS, "reserved_fds",
	    "File descriptors that the server keeps for itself"),

	GAUGE("memcached_response_objects", STATS, "response_obj_count",
	    "Response objects in use"),

	GAUGE("memcached_response_obj_bytes", STATS, "response_obj_bytes",
	    "Memory of response objects, in bytes"),

	COUNTER("memcached_response_obj_oom_total", STATS, "response_obj_oom",
	    "Connections closed for want of memory for a response object"),

	GAUGE("memcached_read_buffers", STATS, "read_buf_count",
	    "Read buffers allocated"),

	GAUGE("memcached_read_buf_bytes", STATS, "read_buf_bytes",
	    "Memory of read buffers, in bytes"),

	GAUGE("memcached_read_buf_free_bytes", STATS, "read_buf_bytes_free",
	    "Memory of read buffers that no connection uses, in bytes"),

	COUNTER("memcached_read_buf_oom_total", STATS, "read_buf_oom",
	    "Connections closed for want of memory for a read buffer"),

	COUNTER("memcached_unexpected_napi_ids_total",
	    STATS, "unexpected_napi_ids",
	    "Connections from a network queue that no worker is tied to"),

	COUNTER("memcached_round_robin_fallback_total",
	    STATS, "round_robin_fallback",
	    "Connections given to the next worker in turn"
	    " because their network queue chose none"),

	/* Commands */

	FAMILY("memcached_commands_total", COUNTER,
	    "Commands by outcome (get_hits, get_misses, cmd_set less cas_*,"
	    " delete_*, incr_*, decr_*, cas_*, touch_*, cmd_flush).",
	    STAT(STATS, "get_hits", OUTCOME("get", "hit")),
	    STAT(STATS, "get_misses", OUTCOME("get", "miss")),
	    STAT(STATS, "cmd_set", OUTCOME("set", "hit"),
		.value = value_stored),
	    STAT(STATS, "delete_hits", OUTCOME("delete", "hit")),
	    STAT(STATS, "delete_misses", OUTCOME("delete", "miss")),
	    STAT(STATS, "incr_hits", OUTCOME("incr", "hit")),
	    STAT(STATS, "incr_misses", OUTCOME("incr", "miss")),
	    STAT(STATS, "decr_hits", OUTCOME("decr", "hit")),
	    STAT(STATS, "decr_misses", OUTCOME("decr", "miss")),
	    STAT(STATS, "cas_hits", OUTCOME("cas", "hit")),
	    STAT(STATS, "cas_misses", OUTCOME("cas", "miss")),
	    STAT(STATS, "cas_badval", OUTCOME("cas", "badval")),
	    STAT(STATS, "touch_hits", OUTCOME("touch", "hit")),
	    STAT(STATS, "touch_misses", OUTCOME("touch", "miss")),
	    STAT(STATS, "cmd_flush", OUTCOME("flush", "hit"),
		.value = value_requests)),

	FAMILY("memcached_command_requests_total", COUNTER,
	    "Requests by command, whatever came of them; a meta command also"
	    " counts as the get, set or touch that it does"
	    " (cmd_get, cmd_set, cmd_touch, cmd_flush, cmd_meta).",
	    STAT(STATS, "cmd_get", COMMAND("get"),
		.value = value_requests),
	    STAT(STATS, "cmd_set", COMMAND("set"),
		.value = value_requests),
	    STAT(STATS, "cmd_touch", COMMAND("touch"),
		.value = value_requests),
	    STAT(STATS, "cmd_flush", COMMAND("flush"),
		.value = value_requests),
	    STAT(STATS, "cmd_meta", COMMAND("meta"),
		.value = value_requests)),

	COUNTER("memcached_get_expired_total", STATS, "get_expired",
	    "Get misses on an item that had expired"),

	COUNTER("memcached_get_flushed_total", STATS, "get_flushed",
	    "Get misses on an item that a flush had made invalid"),

	COUNTER("memcached_item_too_large_total", STATS, "store_too_large",
	    "Items not stored because they were larger than allowed"),

	COUNTER("memcached_item_no_memory_total", STATS, "store_no_memory",
	    "Items not stored for want of memory"),

	COUNTER("memcached_auth_commands_total", STATS, "auth_cmds",
	    "Attempts to authenticate"),

	COUNTER("memcached_auth_errors_total", STATS, "auth_errors",
	    "Attempts to authenticate that failed"),

	/* Bytes */

	COUNTER("memcached_read_bytes_total", STATS, "bytes_read",
	    "Bytes received from clients"),

	COUNTER("memcached_written_bytes_total", STATS, "bytes_written",
	    "Bytes sent to clients"),

	FAMILY("memcached_limit_bytes", GAUGE,
	    "Memory allowed for items, in bytes"
	    " (limit_maxbytes, or engine_maxbytes).",
	    STAT(STATS, "limit_maxbytes"),
	    STAT(STATS, "engine_maxbytes", .instead = true)),

	GAUGE("memcached_current_bytes", STATS, "bytes",
	    "Memory taken by items, in bytes"),

	/* Items and LRU */

	GAUGE("memcached_current_items", STATS, "curr_items",
	    "Items stored now",
	    .value = value_count),

	COUNTER("memcached_items_total", STATS, "total_items",
	    "Items stored since the start"),

	COUNTER("memcached_items_evicted_total", STATS, "evictions",
	    "Valid items thrown out to make room"),

	COUNTER("memcached_items_evicted_unfetched_total",
	    STATS, "evicted_unfetched",
	    "Evicted items that were never fetched"),

	COUNTER("memcached_items_evicted_active_total", STATS, "evicted_active",
	    "Evicted items that had been fetched not long before"),

	COUNTER("memcached_items_expired_unfetched_total",
	    STATS, "expired_unfetched",
	    "Expired items that were never fetched"),

	COUNTER("memcached_items_reclaimed_total", STATS, "reclaimed",
	    "Items stored in the memory of an expired one"),

	COUNTER("memcached_direct_reclaims_total", STATS, "direct_reclaims",
	    "Times that a worker had to make room by itself to store an item"),

	COUNTER("memcached_lrutail_reflocked_total", STATS, "lrutail_reflocked",
	    "Items found in use at the end of an LRU"),

	COUNTER("memcached_lru_bumps_dropped_total", STATS, "lru_bumps_dropped",
	    "Fetched items not moved up their LRU"
	    " because the queue of such moves was full"),

	COUNTER("memcached_lru_maintainer_juggles_total",
	    STATS, "lru_maintainer_juggles",
	    "Times that the LRU maintainer thread woke up"),

	GAUGE("memcached_lru_crawler_running", STATS, "lru_crawler_running",
	    "1 while the LRU crawler is at work",
	    .value = value_switch),

	COUNTER("memcached_lru_crawler_starts_total",
	    STATS, "lru_crawler_starts",
	    "Runs of the LRU crawler"),

	COUNTER("memcached_lru_crawler_items_checked_total",
	    STATS, "crawler_items_checked",
	    "Items that the LRU crawler looked at"),

	COUNTER("memcached_lru_crawler_reclaimed_total",
	    STATS, "crawler_reclaimed",
	    "Dead items that the LRU crawler freed"),

	COUNTER("memcached_lru_crawler_moves_to_cold_total",
	    STATS, "moves_to_cold",
	    "Items moved from the HOT or WARM to the COLD LRU"),

	COUNTER("memcached_lru_crawler_moves_to_warm_total",
	    STATS, "moves_to_warm",
	    "Items moved from the COLD to the WARM LRU"),

	COUNTER("memcached_lru_crawler_moves_within_lru_total",
	    STATS, "moves_within_lru",
	    "Items moved up within the HOT or WARM LRU"),

	/* Slabs as a whole */

	GAUGE("memcached_active_slabs", SLABS, "active_slabs",
	    "Slab classes that own memory"),

	GAUGE("memcached_malloced_bytes", SLABS, "total_malloced",
	    "Memory allocated to slab pages, in bytes"),

	GAUGE("memcached_slab_global_page_pool", STATS, "slab_global_page_pool",
	    "Free slab pages that any class may take"),

	COUNTER("memcached_slabs_moved_total", STATS, "slabs_moved",
	    "Slab pages moved from one class to another"),

	GAUGE("memcached_slab_reassign_running", STATS, "slab_reassign_running",
	    "1 while a slab page is being moved",
	    .value = value_switch),

	COUNTER("memcached_slab_reassign_rescues_total",
	    STATS, "slab_reassign_rescues",
	    "Items carried over from a moved slab page"),

	COUNTER("memcached_slab_reassign_chunk_rescues_total",
	    STATS, "slab_reassign_chunk_rescues",
	    "Parts of large items carried over from a moved slab page"),

	COUNTER("memcached_slab_reassign_inline_reclaim_total",
	    STATS, "slab_reassign_inline_reclaim",
	    "Chunks that a page move unexpectedly had to free by itself"),

	COUNTER("memcached_slab_reassign_busy_items_total",
	    STATS, "slab_reassign_busy_items",
	    "Items in use that made a page move try again"),

	COUNTER("memcached_slab_reassign_busy_deletes_total",
	    STATS, "slab_reassign_busy_deletes",
	    "Items deleted because they were in use for too long"
	    " in a page to be moved"),

	FAMILY("memcached_slab_reassign_busy_nomem_total", COUNTER,
	    "Items of a page to be moved for which no memory was left elsewhere"
	    " (slab_reassign_busy_nomem,"
	    " or slab_reassign_evictions_nomem of older servers).",
	    STAT(STATS, "slab_reassign_busy_nomem"),
	    STAT(STATS, "slab_reassign_evictions_nomem", .instead = true)),

	FAMILY("memcached_slab_reassign_last_busy_status", GAUGE,
	    "What last held up a page move, as a label, value 1"
	    " (slab_reassign_last_busy_status).",
	    STAT(STATS, "slab_reassign_last_busy_status", INFO(
		{ "status", COLLECTOR_STATS,
		  "slab_reassign_last_busy_status" }))),

	/* Extstore */

	COUNTER("memcached_extstore_get_total", STATS, "get_extstore",
	    "Get hits whose value was on disk"),

	COUNTER("memcached_extstore_get_aborted_total",
	    STATS, "get_aborted_extstore",
	    "Reads from disk given up before they were sent"),

	COUNTER("memcached_extstore_get_oom_total", STATS, "get_oom_extstore",
	    "Reads from disk that failed for want of memory"),

	COUNTER("memcached_extstore_recached_total",
	    STATS, "recache_from_extstore",
	    "Items brought back from disk into memory"),

	COUNTER("memcached_extstore_miss_total", STATS, "miss_from_extstore",
	    "Gets whose value was no longer on disk"),

	COUNTER("memcached_extstore_badcrc_total",
	    STATS, "badcrc_from_extstore",
	    "Gets whose value came from disk with a wrong checksum"),

	GAUGE("memcached_extstore_memory_pressure",
	    STATS, "extstore_memory_pressure",
	    "How short of memory extstore thinks the server is,"
	    " on a scale of its own"),

	COUNTER("memcached_extstore_compact_lost_total",
	    STATS, "extstore_compact_lost",
	    "Items lost in compaction because they were in use"),

	COUNTER("memcached_extstore_compact_rescued_total",
	    STATS, "extstore_compact_rescues",
	    "Items kept by compaction in a new page"),

	COUNTER("memcached_extstore_compact_rescued_cold_total",
	    STATS, "extstore_compact_resc_cold",
	    "Items kept by compaction in a page of cold items"),

	COUNTER("memcached_extstore_compact_rescued_old_total",
	    STATS, "extstore_compact_resc_old",
	    "Items kept by compaction in a page of old items"),

	COUNTER("memcached_extstore_compact_skipped_total",
	    STATS, "extstore_compact_skipped",
	    "Items that compaction did not keep because they were never fetched"),

	COUNTER("memcached_extstore_pages_allocated_total",
	    STATS, "extstore_page_allocs",
	    "Pages taken into use"),

	COUNTER("memcached_extstore_pages_evicted_total",
	    STATS, "extstore_page_evictions",
	    "Pages thrown out with items in them"),

	COUNTER("memcached_extstore_pages_reclaimed_total",
	    STATS, "extstore_page_reclaims",
	    "Pages freed because nothing valid was left in them"),

	GAUGE("memcached_extstore_pages_free", STATS, "extstore_pages_free",
	    "Pages not in use"),

	GAUGE("memcached_extstore_pages_used", STATS, "extstore_pages_used",
	    "Pages in use"),

	COUNTER("memcached_extstore_objects_evicted_total",
	    STATS, "extstore_objects_evicted",
	    "Items lost with the pages thrown out"),

	COUNTER("memcached_extstore_objects_read_total",
	    STATS, "extstore_objects_read",
	    "Items read from disk"),

	COUNTER("memcached_extstore_objects_written_total",
	    STATS, "extstore_objects_written",
	    "Items written to disk"),

	GAUGE("memcached_extstore_objects_used", STATS, "extstore_objects_used",
	    "Items on disk"),

	COUNTER("memcached_extstore_bytes_evicted_total",
	    STATS, "extstore_bytes_evicted",
	    "Bytes lost with the pages thrown out"),

	COUNTER("memcached_extstore_bytes_written_total",
	    STATS, "extstore_bytes_written",
	    "Bytes written to disk"),

	COUNTER("memcached_extstore_bytes_read_total",
	    STATS, "extstore_bytes_read",
	    "Bytes read from disk"),

	GAUGE("memcached_extstore_bytes_used", STATS, "extstore_bytes_used",
	    "Bytes that valid items take on disk"),

	GAUGE("memcached_extstore_bytes_fragmented",
	    STATS, "extstore_bytes_fragmented",
	    "Bytes of pages in use that hold nothing valid"),

	GAUGE("memcached_extstore_bytes_limit",
	    STATS, "extstore_limit_maxbytes",
	    "Bytes that extstore may take on disk"),

	GAUGE("memcached_extstore_io_queue_depth", STATS, "extstore_io_queue",
	    "Reads and writes that wait for the disk"),

	/* Proxy */

	COUNTER("memcached_proxy_conn_requests_total",
	    STATS, "proxy_conn_requests",
	    "Requests that came to the proxy"),

	COUNTER("memcached_proxy_conn_errors_total", STATS, "proxy_conn_errors",
	    "Requests that the proxy answered with an error of its own"),

	COUNTER("memcached_proxy_conn_oom_total", STATS, "proxy_conn_oom",
	    "Requests that the proxy refused for want of memory"),

	GAUGE("memcached_proxy_req_active", STATS, "proxy_req_active",
	    "Requests that the proxy is working on",
	    .value = value_signed),

	COUNTER("memcached_proxy_config_reloads_total",
	    STATS, "proxy_config_reloads",
	    "Times that the proxy loaded its configuration"),

	COUNTER("memcached_proxy_config_reload_fails_total",
	    STATS, "proxy_config_reload_fails",
	    "Times that the proxy failed to load its configuration"),

	COUNTER("memcached_proxy_config_cron_runs_total",
	    STATS, "proxy_config_cron_runs",
	    "Runs of scheduled jobs of the proxy's configuration"),

	COUNTER("memcached_proxy_config_cron_fails_total",
	    STATS, "proxy_config_cron_fails",
	    "Failed runs of scheduled jobs of the proxy's configuration"),

	GAUGE("memcached_proxy_backend_total", STATS, "proxy_backend_total",
	    "Backends that the proxy knows"),

	COUNTER("memcached_proxy_backend_marked_bad_total",
	    STATS, "proxy_backend_marked_bad",
	    "Times that the proxy stopped using a backend that kept failing"),

	GAUGE("memcached_proxy_backend_failed", STATS, "proxy_backend_failed",
	    "Failures of backends as the proxy counts them"),

	COUNTER("memcached_proxy_request_failed_depth_total",
	    STATS, "proxy_request_failed_depth",
	    "Requests failed at once because the backend's queue was full"),

	/* Proxy: its own sub-command */

	GAUGE("memcached_proxy_active_req_limit", PROXY, "active_req_limit",
	    "Requests that the proxy may work on at a time, 0 for any number"),

	GAUGE("memcached_proxy_buffer_memory_limit_bytes",
	    PROXY, "buffer_memory_limit",
	    "Memory allowed for buffers of the proxy, in bytes,"
	    " 0 for no limit"),

	GAUGE("memcached_proxy_buffer_memory_used_bytes",
	    PROXY, "buffer_memory_used",
	    "Memory of buffers of the proxy, in bytes"),

	COUNTER("memcached_proxy_vm_gc_runs_total", PROXY, "vm_gc_runs",
	    "Garbage collections of the proxy's Lua machines"),

	GAUGE("memcached_proxy_vm_memory_bytes", PROXY, "vm_memory_kb",
	    "Memory of the proxy's Lua machines, in bytes",
	    .value = value_kib),

	FAMILY("memcached_proxy_commands_total", COUNTER,
	    "Requests that came to the proxy by command (cmd_*).",
	    PROXY_COMMAND("mg"),
	    PROXY_COMMAND("ms"),
	    PROXY_COMMAND("md"),
	    PROXY_COMMAND("mn"),
	    PROXY_COMMAND("ma"),
	    PROXY_COMMAND("me"),
	    PROXY_COMMAND("get"),
	    PROXY_COMMAND("gat"),
	    PROXY_COMMAND("set"),
	    PROXY_COMMAND("add"),
	    PROXY_COMMAND("cas"),
	    PROXY_COMMAND("gets"),
	    PROXY_COMMAND("gats"),
	    PROXY_COMMAND("incr"),
	    PROXY_COMMAND("decr"),
	    PROXY_COMMAND("touch"),
	    PROXY_COMMAND("append"),
	    PROXY_COMMAND("prepend"),
	    PROXY_COMMAND("delete"),
	    PROXY_COMMAND("replace")),

	/* TLS */

	COUNTER("memcached_ssl_new_sessions_total", STATS, "ssl_new_sessions",
	    "TLS sessions that were not resumed ones"),

	COUNTER("memcached_ssl_handshake_errors_total",
	    STATS, "ssl_handshake_errors",
	    "TLS handshakes that failed"),

	COUNTER("memcached_ssl_proto_errors_total", STATS, "ssl_proto_errors",
	    "TLS protocol errors after the handshake"),

	GAUGE("memcached_ssl_cert_refresh_age_seconds",
	    STATS, "time_since_server_cert_refresh",
	    "Seconds since the server read its certificates",
	    .value = value_certificate_age),

	/* Logging: `watch` */

	COUNTER("memcached_log_worker_dropped_total",
	    STATS, "log_worker_dropped",
	    "Log entries dropped because a worker's buffer was full"),

	COUNTER("memcached_log_worker_written_total",
	    STATS, "log_worker_written",
	    "Log entries that workers wrote"),

	COUNTER("memcached_log_watcher_skipped_total",
	    STATS, "log_watcher_skipped",
	    "Log entries not sent to a watcher that was too slow"),

	COUNTER("memcached_log_watcher_sent_total", STATS, "log_watcher_sent",
	    "Log entries sent to watchers"),

	GAUGE("memcached_log_watchers", STATS, "log_watchers",
	    "Clients that watch the log"),

	/* InnoDB plugin of MySQL */

	GAUGE("memcached_daemon_connections", STATS, "daemon_connections",
	    "Connections that the plugin itself holds: its listeners",
	    .value = value_connections),

	GAUGE("memcached_engine_limit_bytes", STATS, "engine_maxbytes",
	    "Memory allowed for items by the storage engine, in bytes"),

	FAMILY("memcached_tap_messages_total", COUNTER,
	    "TAP messages by type and direction"
	    " (tap_<type>_received, tap_<type>_sent).",
	    TAP("connect", "sent"),
	    TAP("connect", "received"),
	    TAP("mutation", "received"),
	    TAP("mutation", "sent"),
	    TAP("checkpoint_start", "received"),
	    TAP("checkpoint_start", "sent"),
	    TAP("checkpoint_end", "received"),
	    TAP("checkpoint_end", "sent"),
	    TAP("delete", "received"),
	    TAP("delete", "sent"),
	    TAP("flush", "received"),
	    TAP("flush", "sent"),
	    TAP("opaque", "received"),
	    TAP("opaque", "sent"),
	    TAP("vbucket_set", "received"),
	    TAP("vbucket_set", "sent")),

	GAUGE("memcached_scrubber_running", SCRUB, "scrubber:status",
	    "1 while the scrubber looks for dead items",
	    .value = value_switch),

	GAUGE("memcached_scrubber_last_run_seconds", SCRUB, "scrubber:last_run",
	    "Seconds that the scrubber's last run took",
	    .value = value_ago),

	GAUGE("memcached_scrubber_items_visited", SCRUB, "scrubber:visited",
	    "Items that the scrubber's latest run looked at"),

	GAUGE("memcached_scrubber_items_cleaned", SCRUB, "scrubber:cleaned",
	    "Items that the scrubber's latest run freed"),

	/*
	 * Settings, in the order in which memcached prints them, those of the
	 * plugin last. It prints most integers as signed ones.
	 */

	FAMILY("memcached_settings_info", GAUGE,
	    "Settings that are words, as labels, value 1 (binding_protocol,"
	    " hash_algorithm, ssl_min_version; of the InnoDB plugin logger,"
	    " auth_sasl_engine, ascii_extension, extension).",
	    STAT(SETTINGS, "binding_protocol", INFO(
		{ "ascii_extension", COLLECTOR_SETTINGS, "ascii_extension" },
		{ "auth_sasl_engine", COLLECTOR_SETTINGS, "auth_sasl_engine" },
		{ "binding_protocol", COLLECTOR_SETTINGS, "binding_protocol" },
		{ "extension", COLLECTOR_SETTINGS, "extension" },
		{ "hash_algorithm", COLLECTOR_SETTINGS, "hash_algorithm" },
		{ "logger", COLLECTOR_SETTINGS, "logger" },
		{ "ssl_min_version", COLLECTOR_SETTINGS, "ssl_min_version" }))),

	SETTING(value_signed, "maxbytes",
	    "memory allowed for items, in bytes"),
	SETTING(value_signed, "tcpport",
	    "TCP port, 0 for none"),
	SETTING(value_signed, "udpport",
	    "UDP port, 0 for none"),
	SETTING(value_signed, "verbosity",
	    "how much the server says on stderr, 0 for the least"),
	SETTING(value_signed, "oldest",
	    "items stored before this second of the server's life are invalid,"
	    " 0 when none are"),
	SETTING_NAMED(value_switch, "memcached_settings_evictions_enabled",
	    "evictions",
	    "1 when items are thrown out to make room"),
	SETTING(value_switch, "shutdown_command",
	    "1 when clients may shut the server down"),
	SETTING(value_signed, "growth_factor",
	    "chunk size of a slab class relative to that of the class below"),
	SETTING(value_signed, "chunk_size",
	    "least space for an item's key, value and flags, in bytes"),
	SETTING(value_signed, "num_threads",
	    "worker threads"),
	SETTING(value_signed, "num_threads_per_udp",
	    "worker threads that read a UDP socket"),
	SETTING(value_switch, "detail_enabled",
	    "1 when statistics by key prefix are kept"),
	SETTING(value_signed, "reqs_per_event",
	    "requests of a connection before others get their turn"),
	SETTING(value_switch, "cas_enabled",
	    "1 when items carry a CAS number"),
	SETTING(value_signed, "tcp_backlog",
	    "connections that may wait to be accepted"),
	SETTING(value_switch, "auth_enabled_sasl",
	    "1 when clients can authenticate with SASL"),
	SETTING(value_signed, "item_size_max",
	    "size of the largest item allowed, in bytes"),
	SETTING(value_switch, "maxconns_fast",
	    "1 when connections past the limit are closed at once,"
	    " 0 when they wait"),
	SETTING(value_signed, "hashpower_init",
	    "first size of the hash table as a power of two,"
	    " 0 for the default"),
	SETTING(value_switch, "slab_reassign",
	    "1 when slab pages may move between classes"),
	SETTING(value_signed, "slab_automove",
	    "how eagerly slab pages are moved, 0 for only on command"),
	SETTING(value_signed, "slab_automove_ratio",
	    "how much younger than others the oldest items of a class must be"
	    " for it to get a page, as a ratio of ages"),
	SETTING(value_signed, "slab_automove_window",
	    "rounds that the automover looks back on"),
	SETTING(value_signed, "slab_chunk_max",
	    "size of the largest chunk, in bytes; larger items are split"),
	SETTING_NAMED(value_switch, "memcached_lru_crawler_enabled",
	    "lru_crawler",
	    "1 when the LRU crawler thread runs"),
	SETTING_NAMED(value_signed, "memcached_lru_crawler_sleep",
	    "lru_crawler_sleep",
	    "pause of the LRU crawler between items, in microseconds"),
	SETTING_NAMED(value_signed, "memcached_lru_crawler_to_crawl",
	    "lru_crawler_tocrawl",
	    "items of a class that one run of the LRU crawler looks at,"
	    " 0 for all"),
	SETTING(value_signed, "tail_repair_time",
	    "seconds after which an item stuck at the end of an LRU is freed,"
	    " 0 for never"),
	SETTING(value_switch, "flush_enabled",
	    "1 when clients may invalidate all items"),
	SETTING(value_switch, "dump_enabled",
	    "1 when clients may list the keys"),
	SETTING_NAMED(value_switch, "memcached_lru_crawler_maintainer_thread",
	    "lru_maintainer_thread",
	    "1 when the LRU maintainer thread runs"),
	SETTING(value_switch, "lru_segmented",
	    "1 when an LRU has HOT, WARM and COLD parts"),
	SETTING_NAMED(value_signed, "memcached_lru_crawler_hot_percent",
	    "hot_lru_pct",
	    "share of a class's memory for the HOT LRU, in percent"),
	SETTING_NAMED(value_signed, "memcached_lru_crawler_warm_percent",
	    "warm_lru_pct",
	    "share of a class's memory for the WARM LRU, in percent"),
	SETTING_NAMED(value_signed, "memcached_lru_crawler_hot_max_factor",
	    "hot_max_factor",
	    "age that items of the HOT LRU may reach,"
	    " relative to the oldest of the COLD LRU"),
	SETTING_NAMED(value_signed, "memcached_lru_crawler_warm_max_factor",
	    "warm_max_factor",
	    "age that items of the WARM LRU may reach,"
	    " relative to the oldest of the COLD LRU"),
	SETTING(value_switch, "temp_lru",
	    "1 when short-lived items have an LRU of their own"),
	SETTING(value_signed, "temporary_ttl",
	    "items that live shorter go to the TEMP LRU, in seconds"),
	SETTING(value_signed, "idle_timeout",
	    "seconds after which an idle connection is closed, 0 for never"),
	SETTING(value_signed, "watcher_logbuf_size",
	    "log buffer of a watcher, in bytes"),
	SETTING(value_signed, "worker_logbuf_size",
	    "log buffer of a worker, in bytes"),
	SETTING(value_signed, "read_buf_mem_limit",
	    "memory allowed for read buffers, in bytes, 0 for no limit"),
	SETTING(value_switch, "track_sizes",
	    "1 when the sizes of items are counted"),
	SETTING(value_switch, "inline_ascii_response",
	    "1 when items hold part of their text response"),
	SETTING(value_switch, "drop_privileges",
	    "1 when the server gives up system calls that it does not need"),
	SETTING(value_signed, "ext_item_size",
	    "smallest item to go to disk, in bytes"),
	SETTING(value_signed, "ext_item_age",
	    "seconds without a fetch after which an item goes to disk,"
	    " 4294967295 for any age"),
	SETTING(value_signed, "ext_low_ttl",
	    "items that live shorter share pages of their own, in seconds"),
	SETTING(value_signed, "ext_recache_rate",
	    "of so many reads from disk one brings the item back to memory"),
	SETTING(value_signed, "ext_wbuf_size",
	    "write buffer of a page, in bytes"),
	SETTING(value_signed, "ext_compact_under",
	    "pages are compacted when fewer are free"),
	SETTING(value_signed, "ext_drop_under",
	    "items gone cold are dropped when fewer pages are free"),
	SETTING(value_signed, "ext_max_sleep",
	    "longest pause of extstore's threads, in microseconds"),
	SETTING(value_signed, "ext_max_frag",
	    "share of a page that may be wasted before it is compacted"),
	SETTING(value_signed, "slab_automove_freeratio",
	    "share of memory that the automover keeps free for extstore"),
	SETTING(value_switch, "ext_drop_unread",
	    "1 when compaction drops items that were never fetched"),
	SETTING(value_switch, "ssl_enabled",
	    "1 when TLS is on"),
	SETTING(value_signed, "ssl_verify_mode",
	    "how client certificates are verified, 0 for not at all"),
	SETTING(value_signed, "ssl_keyformat",
	    "format of the private key's file, 1 for PEM"),
	SETTING(value_signed, "ssl_wbuf_size",
	    "TLS write buffer, in bytes"),
	SETTING(value_switch, "ssl_session_cache",
	    "1 when TLS sessions can be resumed"),
	SETTING(value_switch, "ssl_kernel_tls",
	    "1 when the kernel may do the encryption"),
	SETTING(value_switch, "proxy_enabled",
	    "1 when the server is a proxy"),
	SETTING(value_switch, "proxy_uring_enabled",
	    "1 when the proxy uses io_uring"),
	SETTING(value_signed, "num_napi_ids",
	    "network queues that workers are tied to"),
	SETTING(value_signed, "client_flags_size",
	    "size of an item's client flags, in bytes"),
	SETTING(value_switch, "allow_detailed",
	    "1 when clients may switch statistics by key prefix"),
	SETTING(value_signed, "reqs_per_tap_event",
	    "TAP messages of a connection before others get their turn"),
	SETTING(value_switch, "auth_required_sasl",
	    "1 when clients must authenticate with SASL"),
	SETTING(value_signed, "topkeys",
	    "most used keys that statistics are kept of, 0 for none"),

	/* A slab class: its items */

	SLAB_GAUGE("memcached_slab_current_items", ITEMS, "number",
	    "Items stored now",
	    .value = value_count),

	SLAB_GAUGE("memcached_slab_hot_items", ITEMS, "number_hot",
	    "Items in the HOT LRU",
	    .value = value_count),

	SLAB_GAUGE("memcached_slab_warm_items", ITEMS, "number_warm",
	    "Items in the WARM LRU",
	    .value = value_count),

	SLAB_GAUGE("memcached_slab_cold_items", ITEMS, "number_cold",
	    "Items in the COLD LRU",
	    .value = value_count),

	SLAB_GAUGE("memcached_slab_temporary_items", ITEMS, "number_temp",
	    "Items in the TEMP LRU",
	    .value = value_count),

	SLAB_GAUGE("memcached_slab_hot_age_seconds", ITEMS, "age_hot",
	    "Seconds since the last use of the oldest item in the HOT LRU",
	    .value = value_age),

	SLAB_GAUGE("memcached_slab_warm_age_seconds", ITEMS, "age_warm",
	    "Seconds since the last use of the oldest item in the WARM LRU",
	    .value = value_age),

	SLAB_GAUGE("memcached_slab_items_age_seconds", ITEMS, "age",
	    "Seconds since the last use of the oldest item",
	    .value = value_age),

	SLAB_FAMILY("memcached_slab_mem_requested_bytes", GAUGE,
	    "Bytes that items fill of their chunks"
	    " (mem_requested of stats items, or of stats slabs).",
	    STAT(ITEMS, "mem_requested"),
	    STAT(SLABS, "mem_requested", .instead = true)),

	SLAB_COUNTER("memcached_slab_items_evicted_total", ITEMS, "evicted",
	    "Valid items thrown out to make room"),

	SLAB_COUNTER("memcached_slab_items_evicted_nonzero_total",
	    ITEMS, "evicted_nonzero",
	    "Evicted items that had an expiry time"),

	SLAB_GAUGE("memcached_slab_items_evicted_time_seconds",
	    ITEMS, "evicted_time",
	    "Seconds for which the last evicted item had not been used",
	    .value = value_age),

	SLAB_COUNTER("memcached_slab_items_evicted_unfetched_total",
	    ITEMS, "evicted_unfetched",
	    "Evicted items that were never fetched"),

	SLAB_COUNTER("memcached_slab_items_evicted_active_total",
	    ITEMS, "evicted_active",
	    "Evicted items that had been fetched not long before"),

	SLAB_COUNTER("memcached_slab_items_expired_unfetched_total",
	    ITEMS, "expired_unfetched",
	    "Expired items that were never fetched"),

	SLAB_COUNTER("memcached_slab_items_outofmemory_total",
	    ITEMS, "outofmemory",
	    "Items not stored for want of memory"),

	SLAB_COUNTER("memcached_slab_items_tailrepairs_total",
	    ITEMS, "tailrepairs",
	    "Items freed by force because they were stuck as in use"),

	SLAB_COUNTER("memcached_slab_items_reclaimed_total", ITEMS, "reclaimed",
	    "Items stored in the memory of an expired one"),

	SLAB_COUNTER("memcached_slab_items_direct_reclaims_total",
	    ITEMS, "direct_reclaims",
	    "Times that a worker had to make room by itself to store an item"),

	SLAB_COUNTER("memcached_slab_items_crawler_reclaimed_total",
	    ITEMS, "crawler_reclaimed",
	    "Dead items that the LRU crawler freed"),

	SLAB_COUNTER("memcached_slab_items_crawler_checked_total",
	    ITEMS, "crawler_items_checked",
	    "Items that the LRU crawler looked at"),

	SLAB_COUNTER("memcached_slab_items_lrutail_reflocked_total",
	    ITEMS, "lrutail_reflocked",
	    "Items found in use at the end of an LRU"),

	/* The Go exporter's names: counters without _total. */

	SLAB_COUNTER("memcached_slab_items_moves_to_cold",
	    ITEMS, "moves_to_cold",
	    "Items moved from the HOT or WARM to the COLD LRU"),

	SLAB_COUNTER("memcached_slab_items_moves_to_warm",
	    ITEMS, "moves_to_warm",
	    "Items moved from the COLD to the WARM LRU"),

	SLAB_COUNTER("memcached_slab_items_moves_within_lru",
	    ITEMS, "moves_within_lru",
	    "Items moved up within the HOT or WARM LRU"),

	SLAB_FAMILY("memcached_slab_lru_hits_total", COUNTER,
	    "Get hits by the LRU that held the item"
	    " (hits_to_hot, hits_to_warm, hits_to_cold, hits_to_temp).",
	    STAT(ITEMS, "hits_to_hot", SLAB_LRU("hot")),
	    STAT(ITEMS, "hits_to_warm", SLAB_LRU("warm")),
	    STAT(ITEMS, "hits_to_cold", SLAB_LRU("cold")),
	    STAT(ITEMS, "hits_to_temp", SLAB_LRU("temporary"))),

	/* A slab class: its memory and commands */

	SLAB_GAUGE("memcached_slab_chunk_size_bytes", SLABS, "chunk_size",
	    "Size of a chunk, in bytes"),

	SLAB_GAUGE("memcached_slab_chunks_per_page", SLABS, "chunks_per_page",
	    "Chunks that a page holds"),

	SLAB_GAUGE("memcached_slab_current_pages", SLABS, "total_pages",
	    "Pages that the class owns"),

	SLAB_GAUGE("memcached_slab_current_chunks", SLABS, "total_chunks",
	    "Chunks that the class owns"),

	SLAB_GAUGE("memcached_slab_chunks_used", SLABS, "used_chunks",
	    "Chunks that hold an item"),

	SLAB_GAUGE("memcached_slab_chunks_free", SLABS, "free_chunks",
	    "Chunks that hold no item"),

	SLAB_GAUGE("memcached_slab_chunks_free_end", SLABS, "free_chunks_end",
	    "Chunks of the newest page that were never used"),

	SLAB_FAMILY("memcached_slab_commands_total", COUNTER,
	    "Commands by outcome (get_hits, cmd_set less cas_*, delete_hits,"
	    " incr_hits, decr_hits, cas_hits, cas_badval, touch_hits).",
	    STAT(SLABS, "get_hits", SLAB_OUTCOME("get", "hit")),
	    STAT(SLABS, "cmd_set", SLAB_OUTCOME("set", "hit"),
		.value = value_slab_stored),
	    STAT(SLABS, "delete_hits", SLAB_OUTCOME("delete", "hit")),
	    STAT(SLABS, "incr_hits", SLAB_OUTCOME("incr", "hit")),
	    STAT(SLABS, "decr_hits", SLAB_OUTCOME("decr", "hit")),
	    STAT(SLABS, "cas_hits", SLAB_OUTCOME("cas", "hit")),
	    STAT(SLABS, "cas_badval", SLAB_OUTCOME("cas", "badval")),
	    STAT(SLABS, "touch_hits", SLAB_OUTCOME("touch", "hit"))),
};
/* clang-format on */

const size_t catalogue_len = nitems(catalogue);
